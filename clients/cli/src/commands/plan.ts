import { type Command, InvalidArgumentError } from 'commander';
import type { PlanWish } from '@hone/contracts';
import { makePlan, type PlanError } from '../api/make-plan.js';
import { bundledModel } from '../checkout.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { partsTable, servingText, trainingText, type ServingPlan, type TrainingPlan } from '../show/plan-text.js';
import { show } from '../show/talk.js';
import { type CommonOptions, connected, withJson } from './command.js';
import { collect } from './settings.js';

interface PlanOptions extends CommonOptions {
  model: string;
  method: NonNullable<PlanWish['method']>;
  length?: number;
  batch?: number;
  accumulation?: number;
  memory?: number;
  set: Record<string, unknown>;
  serve?: number;
  format?: NonNullable<PlanWish['format']>;
  head?: NonNullable<PlanWish['head']>;
}

export function addPlan(program: Command): void {
  withJson(program.command('plan'))
    .description(
      'tell what a fine-tune (or, with --serve, serving) takes of memory, and what makes it fit, before it starts',
    )
    .option('--model <model>', 'a model folder, or the name of a model of the running mesh', bundledModel.name)
    .option('--method <name>', 'qlora, lora or full', methodOf, 'qlora')
    .option('--length <tokens>', 'tokens of the longest row (default: what the model can attend to)', count)
    .option('--batch <rows>', 'rows in one micro-batch', count)
    .option('--accumulation <steps>', 'micro-batches in one step', count)
    .option('--memory <size>', 'the memory to fit in, e.g. 16GB (default: what its machine has free now)', bytesOf)
    .option('--set <name=value>', 'any other hyper-parameter, e.g. --set r=32; may be repeated', collect, {})
    .option('--serve <sequences>', 'plan serving so many sequences at a time instead', count)
    .option(
      '--format <name>',
      'how the served base is held: f32, bf16, nf4, int8 or int4 (default: as its files hold it, bf16 where they hold it plain)',
    )
    .option('--head <name>', 'how the served output head is held: auto (as the base, the default) or int8')
    .action(plan);
}

async function plan(options: PlanOptions): Promise<void> {
  const isJson = options.json === true;
  const found = await makePlan(connected, options.model, wishOf(options));
  if ('error' in found) {
    const parts = found.error.details?.parts;
    if (!isJson && parts !== undefined) show(false, found.error, () => partsTable({ asked: parts }));
    throw failure(found.error);
  }
  if (options.serve === undefined) return show(isJson, found.plan, () => trainingText(found.plan as TrainingPlan));
  const serving = found.plan as ServingPlan;
  show(isJson, serving, () => servingText(serving));
  if (!serving.fits) process.exitCode = exitCodes.failed;
}

function wishOf({ method, length, batch, accumulation, memory, set, serve, format, head }: PlanOptions) {
  const common = { length, memory };
  const unused = Object.entries({ format, head }).find(([, value]) => value !== undefined)?.[0];
  if (serve === undefined && unused !== undefined)
    throw new CliError(
      `[plan] expected --serve with --${unused}, which says how a served base is held; fix: add --serve 1, or leave it out`,
      exitCodes.usage,
    );
  return serve === undefined
    ? { ...common, method, hyperparameters: set, batch, accumulation }
    : { ...common, serve, format, head: head ?? 'auto' };
}

const failure = ({ message }: PlanError) => new CliError(message);

const units = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

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
