import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fault, type Digest } from '@hone/base';
import type { Adamw } from '@hone/nn';
import { writeSafetensors, type TensorToWrite } from '@hone/models';
import type { Snapshot } from '../trained-parameters.js';
import { stored } from './stored-tensor.js';
import { stateText, type TrainingState } from './training-state.js';

export const checkpointName = (step: number): string => `checkpoint-${step}`;

export interface CheckpointParts {
  readonly state: TrainingState;
  /** Writes the adapter or the whole model into the folder. */
  readonly writeWeights: (folder: string) => void;
  /** Absent = weights only; such a checkpoint cannot be resumed. */
  readonly optimizer: Adamw | undefined;
  /** Absent when the best values are the current ones. */
  readonly best: Snapshot | undefined;
}

/**
 * Writes beside the target and renames, so that a killed process leaves a whole checkpoint or none. Where the disk is full
 * the half-written one is removed again, and the run may be retried from the last whole one.
 */
export function writeCheckpoint(outputDir: string, parts: CheckpointParts): string {
  const folder = join(outputDir, checkpointName(parts.state.step));
  const partial = `${folder}.partial`;
  try {
    if (existsSync(partial)) rmSync(partial, { recursive: true });
    mkdirSync(partial, { recursive: true });
    writeParts(partial, parts);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
    return folder;
  } catch (error) {
    if (existsSync(partial)) rmSync(partial, { recursive: true });
    throw isSystemError(error) ? notWritten(folder, error) : error;
  }
}

function writeParts(partial: string, { state, writeWeights, optimizer, best }: CheckpointParts): void {
  writeWeights(partial);
  if (optimizer) writeSafetensors(join(partial, 'optimizer.safetensors'), stateOf(optimizer));
  if (best) writeSafetensors(join(partial, 'best.safetensors'), keptOf(best));
  const names = readdirSync(partial).sort();
  const files = Object.fromEntries(names.map((name) => [name, fileDigest(join(partial, name))]));
  writeFileSync(join(partial, 'trainer_state.json'), stateText(state, files));
}

// By its field: an error of Node's own file functions may come from another realm, where instanceof does not hold.
const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  typeof (error as NodeJS.ErrnoException | undefined)?.syscall === 'string';

const notWritten = (folder: string, error: NodeJS.ErrnoException) =>
  fault(
    error.code === 'ENOSPC' ? 'disk_full' : 'checkpoint_not_written',
    `[checkpoint] expected to write ${folder} but received ${error.message}; fix: free space or choose another folder, then resume`,
    { cause: error },
  );

export const fileDigest = (path: string): Digest =>
  `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}`;

/** The checkpoints of a folder, oldest first. */
export function listCheckpoints(outputDir: string): { step: number; folder: string }[] {
  if (!existsSync(outputDir)) return [];
  return readdirSync(outputDir)
    .map((name) => ({ step: Number(/^checkpoint-(\d+)$/.exec(name)?.[1] ?? NaN), folder: join(outputDir, name) }))
    .filter(({ step }) => Number.isSafeInteger(step))
    .sort((a, b) => a.step - b.step);
}

/**
 * Removes the oldest checkpoints above the limit, never a kept step: the best one and the one just written. A run that resumed
 * from an older checkpoint may find newer ones of its earlier life beside it.
 */
export function pruneCheckpoints(
  outputDir: string,
  limit: number | undefined,
  kept: readonly (number | undefined)[],
): void {
  if (limit === undefined) return;
  const all = listCheckpoints(outputDir);
  const removable = all.filter(({ step }) => !kept.includes(step));
  for (const { folder } of removable.slice(0, Math.max(0, all.length - limit))) rmSync(folder, { recursive: true });
}

const stateOf = (optimizer: Adamw): Map<string, TensorToWrite> =>
  new Map([...optimizer.state()].map(({ name, tensor }) => [name, stored(tensor)]));

const keptOf = (best: Snapshot): Map<string, TensorToWrite> =>
  new Map([...best.entries()].map(({ name, kept }) => [name, stored(kept)]));
