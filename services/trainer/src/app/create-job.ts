import { refusal, seeded, unixSeconds } from '@hone/base';
import {
  datasetBuild,
  fileGet,
  jobCreate,
  modelGet,
  type DatasetRequest,
  type InputOf,
  type JobEntry,
} from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { resolveArguments } from './resolve-arguments.js';
import type { JobStore } from './job-store.js';

/** Checks what a client asks for, records the job, and asks data-curation for its dataset. Asking twice makes one job. */
export async function createJob(mesh: Mesh, store: JobStore, input: InputOf<typeof jobCreate>): Promise<JobEntry> {
  const job = (await store.jobs.get(input.id))?.value ?? (await checkedJob(mesh, store, input));
  // Also for a job that is known already: the first call may have died between the ledger and the command.
  if (job.status === 'validating_files') await askForDataset(mesh, store, job);
  return job;
}

async function checkedJob(mesh: Mesh, store: JobStore, input: InputOf<typeof jobCreate>): Promise<JobEntry> {
  const seed = input.seed ?? Math.floor(seeded(0, input.id)() * 2 ** 31);
  resolveArguments(input.hyperparameters, { rows: undefined, hasValidation: true, seed });
  const model = await mesh.request(modelGet, { name: input.model });
  if (model.kind !== 'base') throw notABase(input.model, model.base);
  if (input.trainingFile === undefined && input.retrain === undefined) throw noTrainingFile();
  await Promise.all([fileDigest(mesh, input.trainingFile), fileDigest(mesh, input.validationFile)]);
  const { id, method, hyperparameters, metadata, trainingFile, validationFile, suffix, retrain } = input;
  const job: JobEntry = {
    id,
    status: 'validating_files',
    model: model.name,
    method,
    hyperparameters,
    metadata,
    seed,
    createdAt: unixSeconds(),
    cancelRequested: false,
    ...(trainingFile === undefined ? {} : { trainingFile }),
    ...(validationFile === undefined ? {} : { validationFile }),
    ...(suffix === undefined ? {} : { suffix }),
    ...(retrain === undefined ? {} : { retrain }),
  };
  return (await store.jobs.ensure(id, job)).entry.value;
}

async function askForDataset(mesh: Mesh, store: JobStore, job: JobEntry): Promise<void> {
  const [training, validation] = await Promise.all([
    fileDigest(mesh, job.trainingFile),
    fileDigest(mesh, job.validationFile),
  ]);
  await store.tell(job.id, 'created', { message: `Created fine-tuning job: ${job.id}` });
  await store.tell(job.id, 'validating', {
    message: `Validating training file: ${job.trainingFile ?? 'feedback rows'}`,
  });
  await mesh.send(datasetBuild, buildRequest(job, training, validation), { id: `${job.id}.dataset` });
}

function buildRequest(
  job: JobEntry,
  trainingFile: DatasetRequest['trainingFile'],
  validationFile: DatasetRequest['validationFile'],
) {
  return {
    requestId: job.id,
    base: job.model,
    seed: job.seed,
    ...(trainingFile === undefined ? {} : { trainingFile }),
    ...(validationFile === undefined ? {} : { validationFile }),
    ...(job.suffix === undefined ? {} : { alias: job.suffix }),
    ...(job.retrain === undefined ? {} : { parent: job.retrain.parentDataset, feedbackRows: job.retrain.feedbackRows }),
  };
}

async function fileDigest(mesh: Mesh, file: string | undefined) {
  if (file === undefined) return undefined;
  const entry = await mesh.request(fileGet, { id: file });
  if (entry.purpose === 'fine-tune') return entry.digest;
  const message = `[fine_tuning.jobs] expected a file with purpose fine-tune but ${file} has purpose ${entry.purpose}; fix: upload it again`;
  throw refusal('invalid_file_purpose', message, { param: 'training_file' });
}

const noTrainingFile = () =>
  refusal('missing_training_file', '[fine_tuning.jobs] expected training_file but received none', {
    param: 'training_file',
  });

const notABase = (name: string, base: string | undefined) =>
  refusal(
    'not_a_base_model',
    `[fine_tuning.jobs] expected a base model but received the adapter ${name}; fix: train on ${base ?? 'its base'}`,
    {
      param: 'model',
    },
  );
