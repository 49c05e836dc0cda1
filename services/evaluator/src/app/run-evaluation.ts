import { asHoneError, fault, type HoneError, unixSeconds } from '@hone/base';
import { type EvaluationEntry, evaluationFinished, type Measurement } from '@hone/contracts';
import { comparePaired, type ItemResult, measured } from '@hone/evals';
import type { MeshContext } from '@hone/mesh';
import type { EvaluationItem } from '../domain/evaluation-item.js';
import { reachVerdict } from '../domain/verdict.js';
import { askModel } from './ask-model.js';
import type { EvaluatorState } from './evaluator-state.js';
import { readItems } from './read-items.js';

type Delivery = Pick<MeshContext, 'signal' | 'attempt' | 'isLastAttempt'>;

/**
 * Measures the models of an evaluation and reaches a verdict. An evaluation that is over is only told again. The registration
 * of a model may still be on its way to serving, so an unknown model counts as a refusal only after a few deliveries.
 */
export async function runEvaluation(state: EvaluatorState, id: string, delivery: Delivery): Promise<EvaluationEntry> {
  const entry = (await state.evaluations.find(id)).value;
  const finished = isOver(entry) ? entry : await finish(state, entry, delivery);
  await state.mesh.emit(evaluationFinished, { evaluation: finished }, { id });
  return finished;
}

const isOver = ({ status }: EvaluationEntry): boolean => status === 'succeeded' || status === 'failed';

async function finish(state: EvaluatorState, entry: EvaluationEntry, delivery: Delivery): Promise<EvaluationEntry> {
  let result: Partial<EvaluationEntry>;
  try {
    await state.evaluations.change(entry.id, (value) => (isOver(value) ? value : { ...value, status: 'running' }));
    result = { status: 'succeeded', ...(await evaluate(state, entry, delivery.signal)) };
  } catch (thrown) {
    const error = asHoneError(thrown);
    if (!isFinal(error, delivery)) throw error.kind === 'refusal' ? notYet(error) : error;
    result = { status: 'failed', reason: error.message, error: { ...error.toJSON() } };
  }
  const finishedAt = unixSeconds(state.clock);
  const stored = await state.evaluations.change(entry.id, (value) =>
    isOver(value) ? value : { ...value, ...result, finishedAt },
  );
  return stored.value;
}

const unknownModelAttempts = 3;

function isFinal(error: HoneError, { signal, attempt, isLastAttempt }: Delivery): boolean {
  // A process that goes down has measured nothing.
  if (signal.aborted) return false;
  if (isLastAttempt || error.code === 'artifact_corrupt') return true;
  return error.kind === 'refusal' && (error.code !== 'model_not_found' || attempt >= unknownModelAttempts);
}

/** The mesh buries refusals at once; this one deserves another delivery. */
const notYet = (error: HoneError): HoneError => fault('model_not_ready', error.message, { cause: error });

async function evaluate(
  state: EvaluatorState,
  entry: EvaluationEntry,
  signal: AbortSignal,
): Promise<Partial<EvaluationEntry>> {
  const { candidate } = entry;
  const incumbent = entry.incumbent === candidate ? undefined : entry.incumbent;
  const items = await readItems(state, entry);
  const own = await askModel(state, candidate, items, signal);
  const others = incumbent === undefined ? undefined : await askModel(state, incumbent, items, signal);
  const results = [measurement(candidate, own, items)];
  if (incumbent !== undefined && others) results.push(measurement(incumbent, others, items));
  const comparison = others && comparePaired(own, others);
  const evidence = await state.store.putManifest({
    kind: 'evaluation',
    candidate,
    ...(incumbent === undefined ? {} : { incumbent }),
    ...(comparison ? { comparison } : {}),
    rows: items.map((item, row) => ({ ...item, candidate: own[row], ...(others ? { incumbent: others[row] } : {}) })),
  });
  return { results, evidence, ...(comparison ? reachVerdict(comparison) : {}) };
}

function measurement(model: string, results: readonly ItemResult[], items: readonly EvaluationItem[]): Measurement {
  const { perplexity, exactMatch, rows, tokens } = measured(results, items);
  return { model, perplexity: { ...perplexity }, exactMatch: { ...exactMatch }, rows, tokens };
}
