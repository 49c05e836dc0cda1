import { type adapterRegistered, type EvaluationEntry, evaluationRun, type InputOf } from '@hone/contracts';
import { evaluationIdOf } from '../domain/evaluation-id.js';
import type { EvaluatorState } from './evaluator-state.js';

/** Queues the evaluation of a new candidate against the incumbent on the held-out rows of its own dataset version. */
export async function planEvaluation(
  state: EvaluatorState,
  registered: InputOf<typeof adapterRegistered>,
  storedAtMs: number,
): Promise<void> {
  const { model, incumbent, alias, job, dataset } = registered;
  await queueEvaluation(state, {
    id: evaluationIdOf(registered),
    status: 'queued',
    candidate: model,
    incumbent,
    ...(alias ? { alias } : {}),
    job,
    dataset,
    createdAt: Math.floor(storedAtMs / 1000),
    results: [],
  });
}

/** Writes an evaluation down and gives it to whoever is free; the same id is one evaluation. */
export async function queueEvaluation(state: EvaluatorState, wanted: EvaluationEntry): Promise<EvaluationEntry> {
  const { entry } = await state.evaluations.ensure(wanted.id, wanted);
  await state.mesh.send(evaluationRun, { evaluation: wanted.id }, { id: wanted.id });
  return entry.value;
}
