import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { bundledModel, memoryPlanMain } from '../checkout.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { green, red, show, table } from '../show/talk.js';
import { type CommonOptions, withJson } from './command.js';
import { collect } from './settings.js';

interface PlanOptions extends CommonOptions {
  model: string;
  method: string;
  length?: number;
  batch?: number;
  accumulation?: number;
  memory?: number;
  set: Record<string, unknown>;
  serve?: number;
  format?: string;
  head: string;
}

type Parts = Record<string, number>;

interface TrainingPlan {
  limitBytes: number;
  rowTokens: number;
  effectiveBatch: number;
  batch: number;
  accumulationSteps: number;
  trainableParameters: number;
  totalParameters: number;
  asked: { parts: Parts; processBytes: number };
  planned: { parts: Parts; processBytes: number };
  remedies: string[];
}

interface ServingPlan {
  format: string;
  limitBytes: number;
  fits: boolean;
  parts: Parts;
  processBytes: number;
}

interface PlanError {
  code: string;
  message: string;
  details?: { parts?: Parts; processBytes?: number; limitBytes?: number };
}

export function addPlan(program: Command): void {
  withJson(program.command('plan'))
    .description(
      'tell what a fine-tune (or, with --serve, serving) takes of memory, and what makes it fit, before it starts',
    )
    .option('--model <folder>', 'a model folder, or the name of the bundled model', bundledModel.name)
    .option('--method <name>', 'qlora, lora or full', methodOf, 'qlora')
    .option('--length <tokens>', 'tokens of the longest row (default: what the model can attend to)', count)
    .option('--batch <rows>', 'rows in one micro-batch', count)
    .option('--accumulation <steps>', 'micro-batches in one step', count)
    .option('--memory <size>', 'the memory to fit in, e.g. 16GB (default: what is free here now)', bytesOf)
    .option('--set <name=value>', 'any other hyper-parameter, e.g. --set r=32; may be repeated', collect, {})
    .option('--serve <sequences>', 'plan serving so many sequences at a time instead', count)
    .option(
      '--format <name>',
      'how the served base is held: f32, bf16, nf4, int8 or int4 (default: as its files hold it, bf16 where they hold it plain)',
    )
    .option('--head <name>', 'how its output head is held: auto (as the base) or int8', 'auto')
    .action(plan);
}

function plan(options: PlanOptions): void {
  const isJson = options.json === true;
  const folder = folderOf(options.model);
  const limit = options.memory === undefined ? {} : { limitBytes: options.memory };
  if (options.serve !== undefined) {
    const length = options.length === undefined ? {} : { length: options.length };
    const format = options.format === undefined ? {} : { format: options.format };
    const serve = { ...format, headFormat: options.head, sequences: options.serve, ...length, ...limit };
    const found = ask<ServingPlan>({ folder, serve });
    if ('error' in found) throw failure(found.error);
    show(isJson, found.plan, () => servingText(found.plan));
    if (!found.plan.fits) process.exitCode = exitCodes.failed;
    return;
  }
  const found = ask<TrainingPlan>({ folder, train: { method: options.method, ...request(options), ...limit } });
  if ('error' in found) {
    if (isJson || found.error.details?.parts === undefined) throw failure(found.error);
    show(false, found.error, () => partsTable({ asked: found.error.details?.parts as Parts }));
    throw failure(found.error);
  }
  show(isJson, found.plan, () => trainingText(found.plan));
}

function request({ length, batch, accumulation, set }: PlanOptions) {
  const named = {
    ...(batch === undefined ? {} : { per_device_train_batch_size: batch }),
    ...(accumulation === undefined ? {} : { gradient_accumulation_steps: accumulation }),
  };
  return { arguments: { ...named, ...set }, ...(length === undefined ? {} : { rowTokens: length }) };
}

/** The plan is made by a program of its own: this one may not load the native library. */
function ask<P>(what: object): { plan: P } | { error: PlanError } {
  const run = spawnSync(process.execPath, [memoryPlanMain, JSON.stringify(what)], { encoding: 'utf8' });
  const line = run.stdout.trim().split('\n').at(-1) ?? '';
  if (run.status === 0 && line.startsWith('{')) return JSON.parse(line) as { plan: P } | { error: PlanError };
  throw new CliError(`[plan] the planner ended: ${run.stderr.trim().split('\n').at(-1)}; fix: hone doctor`);
}

function folderOf(model: string): string {
  if (model === bundledModel.name) return bundledModel.folder;
  if (existsSync(join(model, 'config.json'))) return resolve(model);
  const message = `[plan] expected a folder with config.json for --model but received ${model}; fix: give the folder that was imported`;
  throw new CliError(message, exitCodes.notFound);
}

const failure = ({ message }: PlanError) => new CliError(message);

function trainingText(plan: TrainingPlan): string {
  const share = ((100 * plan.trainableParameters) / plan.totalParameters).toFixed(4);
  const isChanged = plan.remedies.length > 0;
  const columns: Record<string, Parts> = isChanged
    ? { asked: plan.asked.parts, planned: plan.planned.parts }
    : { planned: plan.planned.parts };
  const verdict = isChanged
    ? `fits in ${sizeOf(plan.limitBytes)} with ${plan.remedies.join(', ')}`
    : `fits in ${sizeOf(plan.limitBytes)} as it is`;
  return [
    `trainable params: ${grouped(plan.trainableParameters)} || all params: ${grouped(plan.totalParameters)} || trainable%: ${share}`,
    `effective batch: ${plan.effectiveBatch} = ${plan.batch} rows of at most ${plan.rowTokens} tokens x ${plan.accumulationSteps}`,
    partsTable(columns),
    green(verdict),
  ].join('\n');
}

const servingText = ({ format, parts, limitBytes, fits }: ServingPlan): string =>
  [
    `the base is held as ${format}`,
    partsTable({ planned: parts }),
    fits ? green(`fits in ${sizeOf(limitBytes)}`) : red(`does not fit in ${sizeOf(limitBytes)}`),
  ].join('\n');

const partNames: Record<string, string> = {
  weights: 'weights',
  gradients: 'gradients',
  optimizer: 'optimizer state',
  kvPages: 'keys and values',
  activations: 'activations',
  workspace: 'kernel workspace',
  gaps: 'between tensors',
};

function partsTable(columns: Record<string, Parts>): string {
  const lists = Object.values(columns);
  const names = Object.keys(lists[0] ?? {});
  const rows = names.map((name) => [partNames[name] ?? name, ...lists.map((parts) => sizeOf(parts[name] ?? 0))]);
  const sums = lists.map((parts) => sizeOf(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)));
  return table(['memory', ...Object.keys(columns)], [...rows, ['in all', ...sums]]);
}

const grouped = (value: number): string => value.toLocaleString('en-US');

const units = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

const sizeOf = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** "16GB", "512 MiB" or a plain number of bytes. */
export function bytesOf(text: string): number {
  const [, number, unit = 'B'] = /^([\d.]+)\s*([KMGT]i?B|B)?$/.exec(text.trim()) ?? [];
  const bytes = Number(number) * (units[unit as keyof typeof units] ?? NaN);
  if (Number.isFinite(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('a size such as 16GB');
}

function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('a whole number above zero');
}

function methodOf(text: string): string {
  if (['qlora', 'lora', 'full'].includes(text)) return text;
  throw new InvalidArgumentError('expected qlora, lora or full for --method');
}
