import { datasetPublished, type InputOf } from '@hone/contracts';
import { Event, type MeshContext } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { publishShards } from '../app/publish-shards.js';
import { TokenizerState } from '../app/tokenizer-state.js';

@Controller()
export class DatasetController {
  constructor(private readonly state: TokenizerState) {}

  @Event(datasetPublished)
  published(dataset: InputOf<typeof datasetPublished>, context: MeshContext): Promise<void> {
    return publishShards(this.state, dataset, context);
  }
}
