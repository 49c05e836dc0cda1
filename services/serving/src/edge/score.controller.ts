import { answerScore, type InputOf, type ReplyOf } from '@hone/contracts';
import { type MeshContext, Rpc } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { scoreAnswers } from '../app/score-answers.js';
import { ServingState } from '../app/serving-state.js';

@Controller()
export class ScoreController {
  constructor(private readonly state: ServingState) {}

  @Rpc(answerScore)
  score(input: InputOf<typeof answerScore>, { signal }: MeshContext): Promise<ReplyOf<typeof answerScore>> {
    return scoreAnswers(this.state, input, signal);
  }
}
