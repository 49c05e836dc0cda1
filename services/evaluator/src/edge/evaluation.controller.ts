import {
  adapterRegistered,
  evaluationCreate,
  evaluationGet,
  evaluationList,
  evaluationRun,
  type InputOf,
  type ReplyOf,
} from '@hone/contracts';
import { Command, Event, type MeshContext, Rpc } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { createEvaluation } from '../app/create-evaluation.js';
import { EvaluatorState } from '../app/evaluator-state.js';
import { listEvaluations } from '../app/list-evaluations.js';
import { planEvaluation } from '../app/plan-evaluation.js';
import { runEvaluation } from '../app/run-evaluation.js';

@Controller()
export class EvaluationController {
  constructor(private readonly state: EvaluatorState) {}

  @Rpc(evaluationCreate)
  create(input: InputOf<typeof evaluationCreate>): Promise<ReplyOf<typeof evaluationCreate>> {
    return createEvaluation(this.state, input);
  }

  @Rpc(evaluationGet)
  async get({ id }: InputOf<typeof evaluationGet>): Promise<ReplyOf<typeof evaluationGet>> {
    return (await this.state.evaluations.find(id)).value;
  }

  @Rpc(evaluationList)
  list(input: InputOf<typeof evaluationList>): Promise<ReplyOf<typeof evaluationList>> {
    return listEvaluations(this.state, input);
  }

  @Event(adapterRegistered)
  registered(registered: InputOf<typeof adapterRegistered>, context: MeshContext): Promise<void> {
    return planEvaluation(this.state, registered, context.storedAt);
  }

  @Command(evaluationRun)
  async run({ evaluation }: InputOf<typeof evaluationRun>, context: MeshContext): Promise<void> {
    await runEvaluation(this.state, evaluation, context);
  }
}
