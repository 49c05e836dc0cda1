import { adapterDecided, type InputOf, pairMade, runFailed } from '@hone/contracts';
import { Event } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { CurationState } from '../app/curation-state.js';
import { endRetraining } from '../app/end-retraining.js';
import { learnFromPair } from '../app/learn-from-pair.js';
import { RetrainAlarm } from '../app/retrain-alarm.js';

@Controller()
export class RetrainController {
  constructor(
    private readonly state: CurationState,
    private readonly alarm: RetrainAlarm,
  ) {}

  @Event(pairMade)
  async pairMade(pair: InputOf<typeof pairMade>): Promise<void> {
    const alias = await learnFromPair(this.state, pair);
    if (alias !== undefined) await this.alarm.look(alias);
  }

  @Event(adapterDecided)
  async adapterDecided({ job, state, reason }: InputOf<typeof adapterDecided>): Promise<void> {
    const alias = await endRetraining(this.state, job, state, reason);
    if (alias !== undefined) await this.alarm.look(alias);
  }

  @Event(runFailed)
  async runFailed({ job, status, error }: InputOf<typeof runFailed>): Promise<void> {
    const alias = await endRetraining(this.state, job, status, error?.message ?? status);
    if (alias !== undefined) await this.alarm.look(alias);
  }
}
