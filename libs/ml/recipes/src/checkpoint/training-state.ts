import { canonicalJson, digestOf, refusal, type Digest } from '@hone/base';
import type { TrainingSettings } from '../arguments/training-settings.js';
import type { BestSoFar } from '../early-stopping.js';

/** Everything of a run besides tensors; written as trainer_state.json. */
export interface TrainingState {
  readonly version: 1;
  /** Finished optimiser steps; the next step's rows, rate and dropout follow from it and the seed. */
  readonly step: number;
  readonly totalSteps: number;
  readonly tokensSeen: number;
  readonly trainedTokens: number;
  /** Sum of the step losses, for the mean of the run. */
  readonly lossSum: number;
  readonly trainLoss: number | undefined;
  readonly evalLoss: number | undefined;
  readonly best: BestSoFar | undefined;
  /** Settings that were changed to fit the machine that the run began on; a resumed run keeps them. */
  readonly adopted?: Partial<TrainingSettings> | undefined;
  /** What may not change between a run and its resumption. */
  readonly identity: RunIdentity;
}

export interface RunIdentity {
  readonly settings: Digest;
  readonly train: Digest;
  readonly validation: Digest | null;
  readonly base: Digest;
}

/** The digest of those settings that decide numbers; how often something is logged or saved is free to change. */
export function settingsDigest(settings: TrainingSettings): Digest {
  const free = [
    'warnings',
    'loggingSteps',
    'saveStrategy',
    'saveSteps',
    'saveTotalLimit',
    'saveOnlyModel',
    'isUnpacked',
  ];
  return digestOf(Object.fromEntries(Object.entries(settings).filter(([name]) => !free.includes(name))));
}

/** Refuses to go on with other data, settings or base than the checkpoint was made with. */
export function checkIdentity(folder: string, saved: RunIdentity, current: RunIdentity): void {
  for (const part of ['settings', 'train', 'validation', 'base'] as const) {
    if (saved[part] === current[part]) continue;
    const message =
      `[resume] ${folder} was made with ${part} ${saved[part]} but received ${current[part]}; ` +
      'fix: resume with the same data, settings and base, or start a new run';
    throw refusal('resume_mismatch', message, { param: part });
  }
}

export const stateText = (state: TrainingState, files: Readonly<Record<string, Digest>>): string =>
  canonicalJson({ ...state, files });
