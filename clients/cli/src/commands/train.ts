import { type Command, InvalidArgumentError } from 'commander';
import { awaitDecision } from '../api/await-decision.js';
import { type Connection, openai } from '../api/connection.js';
import { followJob, type HoneJob, stepLine } from '../api/follow-job.js';
import { CliError } from '../exit-codes.js';
import { endProgress, isTerminal, progress, say, show } from '../show/talk.js';
import { type CommonOptions, connected, withJson } from './command.js';
import { fileId } from './data.js';
import { collect } from './settings.js';

interface TrainOptions extends CommonOptions {
  model: string;
  data: string;
  validation?: string;
  suffix?: string;
  epochs?: number;
  batchSize?: number;
  method?: string;
  seed?: number;
  set: Record<string, unknown>;
  wait: boolean;
}

export function addTrain(program: Command): void {
  withJson(program.command('train'))
    .description('fine-tune a model on a file of chat rows and follow the job')
    .requiredOption('--model <name>', 'the base model')
    .requiredOption('--data <file>', 'a JSONL file, or the id of an uploaded one')
    .option('--validation <file>', 'held-out rows; a share of the data when absent')
    .option('--suffix <name>', 'the alias that the adapter competes for')
    .option('--epochs <number>', 'passes over the data', numberOf)
    .option('--batch-size <number>', 'rows in one step', numberOf)
    .option('--method <name>', 'qlora, lora or full')
    .option('--seed <number>', 'the seed of everything random', numberOf)
    .option('--set <name=value>', 'any other hyper-parameter, e.g. --set r=32; may be repeated', collect, {})
    .option('--no-wait', 'return when the job is queued')
    .action(train);
}

async function train(options: TrainOptions): Promise<void> {
  const to = connected();
  const client = openai(to);
  const hyperparameters = {
    ...(options.epochs === undefined ? {} : { n_epochs: options.epochs }),
    ...(options.batchSize === undefined ? {} : { batch_size: options.batchSize }),
    ...(options.method === undefined ? {} : { method: options.method }),
    ...options.set,
  };
  const job = await client.fineTuning.jobs.create({
    model: options.model,
    training_file: await fileId(to, options.data),
    ...(options.validation === undefined ? {} : { validation_file: await fileId(to, options.validation) }),
    ...(options.suffix === undefined ? {} : { suffix: options.suffix }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    method: { type: 'supervised', supervised: { hyperparameters } },
  });
  if (!options.wait) return show(options.json === true, job, () => job.id);
  say(`${job.id} is queued; it goes on when this command is interrupted`);
  const ended = await follow(job.id);
  const model = ended.status === 'succeeded' ? ended.fine_tuned_model : null;
  if (options.suffix !== undefined && model !== null) await sayDecision(to, options.suffix, model);
  showEnd(options.json === true, ended);
}

/** A job with a suffix is over for its user when the alias has moved, or when it is known why it has not. */
async function sayDecision(to: Connection, alias: string, model: string): Promise<void> {
  say(`${model} is measured against what ${alias} stands for`);
  const { state, reason } = await awaitDecision(to, model);
  say(`${state}: ${state === 'promoted' ? `${alias} is answered by ${model} now; ` : ''}${reason}`);
}

/** Follows a job on a terminal: steps are written over, everything else stays. */
export async function follow(id: string): Promise<HoneJob> {
  const job = await followJob(openai(connected()), id, (event) => {
    const line = stepLine(event);
    if (line !== undefined && isTerminal()) return progress(line);
    endProgress();
    if (line === undefined) say(event.message);
  });
  endProgress();
  return job;
}

export function showEnd(isJson: boolean, job: HoneJob): void {
  show(isJson, job, () => `${job.id}  ${job.status}  ${job.fine_tuned_model ?? ''}`);
  if (job.status === 'succeeded') return;
  throw new CliError(`[train] job ${job.id} ${job.status}${job.error?.message ? `: ${job.error.message}` : ''}`);
}

function numberOf(text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('a number');
}
