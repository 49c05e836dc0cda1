import {
  experimentConclude,
  experimentCreate,
  experimentGet,
  experimentList,
  type InputOf,
  type ReplyOf,
} from '@hone/contracts';
import { Rpc } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { concludeExperiment } from '../app/conclude-experiment.js';
import { createExperiment } from '../app/create-experiment.js';
import { listExperiments } from '../app/list-experiments.js';
import { RegistryState } from '../app/registry-state.js';
import { shownExperiment } from '../domain/experiment.js';

@Controller()
export class ExperimentController {
  constructor(private readonly state: RegistryState) {}

  @Rpc(experimentCreate)
  create(input: InputOf<typeof experimentCreate>): Promise<ReplyOf<typeof experimentCreate>> {
    return createExperiment(this.state, input);
  }

  @Rpc(experimentGet)
  async get({ name }: InputOf<typeof experimentGet>): Promise<ReplyOf<typeof experimentGet>> {
    return shownExperiment((await this.state.experiments.find(name)).value);
  }

  @Rpc(experimentList)
  list(_input: InputOf<typeof experimentList>): Promise<ReplyOf<typeof experimentList>> {
    return listExperiments(this.state);
  }

  @Rpc(experimentConclude)
  conclude({ name, reason }: InputOf<typeof experimentConclude>): Promise<ReplyOf<typeof experimentConclude>> {
    return concludeExperiment(this.state, name, reason);
  }
}
