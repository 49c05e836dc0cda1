import { feedbackGive, type InputOf, type ReplyOf, turnCompleted } from '@hone/contracts';
import { Event, type MeshContext, Rpc } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { CurationState } from '../app/curation-state.js';
import { giveFeedback } from '../app/give-feedback.js';
import { recordTurn } from '../app/record-turn.js';

@Controller()
export class FeedbackController {
  constructor(private readonly state: CurationState) {}

  @Rpc(feedbackGive)
  give(input: InputOf<typeof feedbackGive>, context: MeshContext): Promise<ReplyOf<typeof feedbackGive>> {
    return giveFeedback(this.state, input, context.signal);
  }

  @Event(turnCompleted, { concurrency: 4 })
  turnCompleted({ turn }: InputOf<typeof turnCompleted>): Promise<void> {
    return recordTurn(this.state, turn);
  }
}
