import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { modelName, planOrder, type PlanObject, type PlanWish } from '@hone/contracts';
import { bundledModel, memoryPlanMain } from '../checkout.js';
import { CliError, exitCodes } from '../exit-codes.js';
import type { Parts, ServingPlan, TrainingPlan } from '../show/plan-text.js';
import { ask, type Connection } from './connection.js';

export interface PlanError {
  code: string;
  message: string;
  details?: { parts?: Parts };
}

export type FoundPlan = { plan: TrainingPlan | ServingPlan } | { error: PlanError };

/** Plans a folder on this machine, and a model of the registry on the machine of the trainer. */
export async function makePlan(
  connect: () => Connection,
  model: string,
  wish: Omit<PlanWish, 'model'>,
): Promise<FoundPlan> {
  const folder = folderOf(model);
  if (folder !== undefined) return planFolder({ folder, ...planOrder({ model, ...wish }) });
  const { plan, error } = await ask<PlanObject>(meshFor(model, connect), 'POST', '/v1/plans', { model, ...wish });
  return error ? { error: error as PlanError } : { plan: plan as unknown as TrainingPlan | ServingPlan };
}

function folderOf(model: string): string | undefined {
  if (model === bundledModel.name) return bundledModel.folder;
  if (existsSync(join(model, 'config.json'))) return resolve(model);
  if (modelName.safeParse(model).success) return undefined;
  throw unknown(model, 'give the folder that was imported', exitCodes.notFound);
}

function meshFor(model: string, connect: () => Connection): Connection {
  try {
    return connect();
  } catch (thrown) {
    if (!(thrown instanceof CliError)) throw thrown;
    throw unknown(model, 'npx hone up where it is the name of an imported model, or give its folder', thrown.exitCode);
  }
}

function unknown(model: string, fix: string, exitCode: number): CliError {
  const expected = 'a folder with config.json, or a model of the running mesh,';
  return new CliError(`[plan] expected ${expected} for --model but received ${model}; fix: ${fix}`, exitCode);
}

/** Made by a program of its own: this one may not load the native library. */
function planFolder(question: object): FoundPlan {
  const run = spawnSync(process.execPath, [memoryPlanMain, JSON.stringify(question)], { encoding: 'utf8' });
  const line = run.stdout.trim().split('\n').at(-1) ?? '';
  if (run.status === 0 && line.startsWith('{')) return JSON.parse(line) as FoundPlan;
  throw new CliError(`[plan] the planner ended: ${run.stderr.trim().split('\n').at(-1)}; fix: hone doctor`);
}
