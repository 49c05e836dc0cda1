import { datasetBuild, type InputOf } from '@hone/contracts';
import { Command, type MeshContext } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { CurationState } from '../app/curation-state.js';
import { publishDataset } from '../app/publish-dataset.js';

@Controller()
export class DatasetController {
  constructor(private readonly state: CurationState) {}

  @Command(datasetBuild)
  build(request: InputOf<typeof datasetBuild>, context: MeshContext): Promise<void> {
    return publishDataset(this.state, request, context);
  }
}
