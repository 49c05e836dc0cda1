import { feedbackGiven, type InputOf } from '@hone/contracts';
import { Event, type MeshContext } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { makePair } from '../app/make-pair.js';
import { RewardState } from '../app/reward-state.js';

@Controller()
export class FeedbackController {
  constructor(private readonly state: RewardState) {}

  @Event(feedbackGiven, { concurrency: 4 })
  given(given: InputOf<typeof feedbackGiven>, context: MeshContext): Promise<void> {
    return makePair(this.state, given, context.signal);
  }
}
