import { evaluationFinished, feedbackGiven, type InputOf, runFinished } from '@hone/contracts';
import { Event, type MeshContext } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { countVote } from '../app/count-vote.js';
import { decideAdapter } from '../app/decide-adapter.js';
import { registerResult } from '../app/register-result.js';
import { RegistryState } from '../app/registry-state.js';

@Controller()
export class EventController {
  constructor(private readonly state: RegistryState) {}

  @Event(runFinished)
  async runFinished(run: InputOf<typeof runFinished>, context: MeshContext): Promise<void> {
    await registerResult(this.state, run, context);
  }

  @Event(evaluationFinished)
  async evaluationFinished({ evaluation }: InputOf<typeof evaluationFinished>, context: MeshContext): Promise<void> {
    await decideAdapter(this.state, evaluation, context.storedAt);
  }

  @Event(feedbackGiven)
  feedbackGiven(given: InputOf<typeof feedbackGiven>): Promise<void> {
    return countVote(this.state, given);
  }
}
