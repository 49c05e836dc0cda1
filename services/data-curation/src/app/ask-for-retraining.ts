import { type Digest, HoneError, refusal } from '@hone/base';
import { aliasGet, jobCreate, jobGet, type JobEntry, modelGet, type ModelEntry } from '@hone/contracts';
import { feedbackRow, pairContent } from '../domain/feedback-row.js';
import { type RetrainAttempt, withJobAsked, withOutcome } from '../domain/retrain-policy.js';
import type { CurationState } from './curation-state.js';

/**
 * Asks the trainer for the job of an attempt. The job's id is the attempt's, so asking twice makes one job. What the trainer
 * refuses counts as a failed attempt; what fails because a service is away is tried again by whoever looks next.
 */
export async function askForRetraining(state: CurationState, alias: string, attempt: RetrainAttempt): Promise<void> {
  try {
    await createJob(state, alias, attempt);
  } catch (thrown) {
    if (!(thrown instanceof HoneError) || thrown.kind !== 'refusal') throw thrown;
    await state.policies.change(alias, (policy) =>
      withOutcome(policy, attempt.job, 'failed', thrown.message, state.clock.now()),
    );
    return;
  }
  for (const { feedback } of attempt.pairs) {
    await state.feedback.change(feedback, (value) => ({ ...value, usedBy: attempt.job }));
  }
  await state.policies.change(alias, (policy) => withJobAsked(policy, attempt.job));
}

async function createJob(state: CurationState, alias: string, attempt: RetrainAttempt): Promise<void> {
  const { model: served } = await state.mesh.request(aliasGet, { name: alias });
  const incumbent = await state.mesh.request(modelGet, { name: served });
  if (incumbent.dataset === undefined) throw noDataset(alias, incumbent);
  const earlier = await jobOf(state, incumbent);
  await state.mesh.request(jobCreate, {
    id: attempt.job,
    model: incumbent.base ?? incumbent.name,
    method: 'supervised',
    hyperparameters: earlier?.hyperparameters ?? {},
    suffix: alias,
    ...(earlier ? { seed: earlier.seed } : {}),
    metadata: { reason: attempt.reason.slice(0, 512) },
    retrain: {
      parentDataset: incumbent.dataset,
      feedbackRows: await storeRows(state, attempt),
      incumbent: incumbent.name,
      reason: attempt.reason,
    },
  });
}

/** The rows of the attempt's pairs, in the order of their ids: the same pairs are the same object. */
async function storeRows(state: CurationState, attempt: RetrainAttempt): Promise<Digest> {
  const lines: string[] = [];
  for (const id of attempt.pairs.map(({ feedback }) => feedback).sort()) {
    const feedback = (await state.feedback.find(id)).value;
    const pair = await state.store.getManifest(feedback['pair'] as Digest, pairContent);
    lines.push(JSON.stringify(feedbackRow(feedback, pair)));
  }
  return (await state.store.put(lines.map((line) => `${line}\n`).join(''))).digest;
}

async function jobOf(state: CurationState, model: ModelEntry): Promise<JobEntry | undefined> {
  if (model.job === undefined) return undefined;
  try {
    return await state.mesh.request(jobGet, { id: model.job });
  } catch (thrown) {
    if (thrown instanceof HoneError && thrown.status === 404) return undefined;
    throw thrown;
  }
}

const noDataset = (alias: string, model: ModelEntry) =>
  refusal(
    'no_parent_dataset',
    `[alias ${alias}] expected a fine-tuned model with its dataset version but it stands for ${model.name}; fix: fine-tune with the suffix ${alias} once`,
  );
