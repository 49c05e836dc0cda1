import { refusal, unixSeconds } from '@hone/base';
import { type evaluationCreate, type EvaluationEntry, fileGet, type InputOf, modelGet } from '@hone/contracts';
import type { EvaluatorState } from './evaluator-state.js';
import { queueEvaluation } from './plan-evaluation.js';

/** Queues an evaluation that a person asks for: of any model, perhaps against another, on a file or a dataset version. */
export async function createEvaluation(
  state: EvaluatorState,
  input: InputOf<typeof evaluationCreate>,
): Promise<EvaluationEntry> {
  const { id, candidate, incumbent, file } = input;
  const model = await state.mesh.request(modelGet, { name: candidate });
  if (incumbent) await state.mesh.request(modelGet, { name: incumbent });
  if (file) await state.mesh.request(fileGet, { id: file });
  const dataset = file ? undefined : (input.dataset ?? model.dataset);
  if (!file && !dataset) {
    const message = `[evaluation ${id}] expected a file or a dataset version for ${candidate} but received neither`;
    throw refusal('nothing_to_evaluate_on', `${message}; fix: upload held-out rows and name their file`, {
      param: 'file',
    });
  }
  return queueEvaluation(state, {
    id,
    status: 'queued',
    candidate,
    ...(incumbent ? { incumbent } : {}),
    ...(file ? { file } : {}),
    ...(dataset ? { dataset } : {}),
    createdAt: unixSeconds(state.clock),
    results: [],
  });
}
