import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asHoneError, digestOfBytes, fault, type HoneError, unixSeconds } from '@hone/base';
import { runStart, type InputOf, type JobEntry } from '@hone/contracts';
import { isNoRoom, type Lease, type MeshContext } from '@hone/mesh';
import type { RunPlan } from '@hone/recipes';
import { allowsOtherDevices } from '@hone/tensor';
import type { DeviceLosses } from '../domain/device-losses.js';
import { become, isTerminal } from '../domain/job-life.js';
import type { TrainingNews } from '../engine/protocol.js';
import { startTraining } from '../engine/start-training.js';
import { endJob } from './end-job.js';
import type { JobStore } from './job-store.js';
import { prepareRun } from './prepare-run.js';
import { publishCheckpoint } from './publish-checkpoint.js';
import { publishResult } from './publish-result.js';
import type { RunPlace } from './run-place.js';

interface TrainingPlace extends RunPlace {
  losses: DeviceLosses;
}

/**
 * Runs a job to its end. A redelivery takes the job over with a new fence and goes on from the last checkpoint; the old worker,
 * should it still live, can write nothing more. A fault leaves the job for a retry; anything else (bad data, a loss that is not
 * finite, a GPU that is lost a second time where no other device is allowed) would happen again and fails it.
 */
export async function startRun(
  place: TrainingPlace,
  { job: id }: InputOf<typeof runStart>,
  context: MeshContext,
): Promise<void> {
  const { store, mesh } = place;
  const known = await store.jobs.find(id);
  if (isTerminal(known.value.status)) return;
  if (known.value.cancelRequested) return void (await endJob(mesh, store, id, 'cancelled'));
  const lease = await store.jobs.claim(id, (job) => become(job, 'running', unixSeconds()));
  try {
    await train(place, lease, context);
  } catch (thrown) {
    const error = asHoneError(thrown);
    if (error.code === 'lease_lost') return;
    const isGone = error.code === 'DEVICE_LOST' && !allowsOtherDevices() && !place.losses.mayRepeat(id);
    if ((error.kind === 'fault' || isNoRoom(thrown)) && !context.isLastAttempt && !isGone) {
      const message = `The attempt ended and will be repeated from the last checkpoint: ${error.message}`;
      await store.tell(id, `attempt-${lease.fence}`, { message, level: 'warn' });
      throw thrown;
    }
    await endJob(mesh, store, id, 'failed', (isGone ? lostTwice(error) : error).toJSON());
  }
}

const lostTwice = ({ message }: HoneError) =>
  fault(
    'DEVICE_LOST',
    `[trainer] the GPU was lost twice, the second time in a fresh process, and HONE_DEVICE=cuda allows no other device: ${message}`,
  );

async function train(place: TrainingPlace, lease: Lease<JobEntry>, context: MeshContext): Promise<void> {
  const { store, mesh, artifacts, running, scratch } = place;
  const job = lease.entry.value;
  const order = await prepareRun(mesh, artifacts, scratch, job);
  await store.tell(job.id, `started-${lease.fence}`, {
    message:
      order.resumeFrom === undefined
        ? 'Fine-tuning job started'
        : `Fine-tuning job resumed from step ${job.checkpoint?.step}`,
    data: { method: order.method, arguments: order.arguments },
  });
  const thread = startTraining(order, { isApart: place.losses.hasLost && !allowsOtherDevices() });
  const forget = running.add(job.id, thread.cancel);
  // A cancellation that came while the run was being prepared reached nobody.
  if ((await store.jobs.find(job.id)).value.cancelRequested) thread.cancel();
  const leave = (): void => void thread.terminate();
  context.signal.addEventListener('abort', leave, { once: true });
  try {
    for await (const news of thread.news) await hear(place, lease, news);
  } finally {
    context.signal.removeEventListener('abort', leave);
    forget();
    await thread.terminate();
  }
  await rm(join(scratch, 'runs', job.id), { recursive: true, force: true });
}

async function hear(place: RunPlace, lease: Lease<JobEntry>, news: TrainingNews): Promise<void> {
  const { store, mesh, running } = place;
  const job = lease.id;
  switch (news.type) {
    case 'device':
      await store.tell(job, `device-${lease.fence}`, {
        message: `Computes on ${news.card ?? 'the processor'} (${news.why})`,
        data: { device: news.device, why: news.why },
      });
      return;
    case 'planned':
      await store.tell(job, `plan-${lease.fence}`, { message: planText(news.plan), data: { ...news.plan } });
      return;
    case 'started':
      await store.tell(job, `sizes-${lease.fence}`, {
        message: `${news.trainableParameters} trainable parameters, ${news.totalSteps} steps`,
        data: { ...news },
      });
      return;
    case 'step':
      // Another replica may have taken the cancellation: the ledger tells it here.
      if (isTold(news.step, news.totalSteps) && (await tellStep(store, lease, news))) running.cancel(job);
      return;
    case 'evaluation':
      await store.tell(job, `valid-${news.step}`, {
        message: `Step ${news.step}: full validation loss=${news.loss.toFixed(4)}`,
        type: 'metrics',
        data: { step: news.step, full_valid_loss: news.loss, full_valid_mean_token_accuracy: news.tokenAccuracy },
      });
      return;
    case 'checkpoint':
      await publishCheckpoint(place, lease, news);
      return;
    case 'finished':
      await publishResult(place, lease, news);
      return;
    case 'warning':
      await store.tell(job, `warning-${digestOfBytes(news.message).slice(7, 15)}`, {
        message: news.message,
        level: 'warn',
      });
      return;
    case 'cancelled':
      await endJob(mesh, store, job, 'cancelled');
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

/** What the run takes, and what was changed to make it fit. */
function planText({ planned, limitBytes, effectiveBatch, batch, accumulationSteps, remedies }: RunPlan): string {
  const fits = `Memory: ${megabytes(planned.processBytes)} of ${megabytes(limitBytes)} free`;
  const shares = effectiveBatch / (batch * accumulationSteps);
  const cut = `effective batch ${effectiveBatch} = ${batch} x ${accumulationSteps}${shares === 1 ? '' : ` x ${shares} processes`}`;
  return `${fits}; ${cut}${remedies.length === 0 ? '' : `; to make it fit: ${remedies.join(', ')}`}`;
}

/** About a hundred points of a run are told, whatever its length; the first and the last always. */
const isTold = (step: number, total: number): boolean =>
  step === 1 || step === total || step % Math.max(1, Math.ceil(total / 100)) === 0;

/** Records a step; says whether the run is to stop because its job is cancelled or over. */
async function tellStep(
  store: JobStore,
  lease: Lease<JobEntry>,
  news: Extract<TrainingNews, { type: 'step' }>,
): Promise<boolean> {
  await store.tell(lease.id, `step-${news.step}`, {
    message: `Step ${news.step}/${news.totalSteps}: training loss=${news.loss.toFixed(4)}`,
    type: 'metrics',
    data: {
      step: news.step,
      total_steps: news.totalSteps,
      train_loss: news.loss,
      learning_rate: news.learningRate,
      grad_norm: news.gradientNorm,
      tokens_per_second: news.tokensPerSecond,
      eta_seconds: news.etaSeconds,
    },
  });
  const estimatedFinish = unixSeconds() + Math.ceil(news.etaSeconds);
  const { value } = await lease.change((job) => ({
    ...job,
    estimatedFinish,
    trainedTokens: news.tokens,
    tokensPerSecond: news.tokensPerSecond,
  }));
  return value.cancelRequested || isTerminal(value.status);
}
