import type { ErrorBody } from '@hone/base';
import type { RunPlan } from '@hone/recipes';
import type { TrainingOrderArguments } from '../domain/training-arguments.js';

/** What the engine thread is told when it starts: only plain data and folders of this machine. */
export interface TrainingOrder extends TrainingOrderArguments {
  /** Hugging Face folder of the base. */
  modelFolder: string;
  /** Shard files of each split, in order. */
  train: string[];
  validation: string[];
  /** Name of the base, written into adapter_config.json. */
  baseModel: string;
  /** Where checkpoints and the result are written. */
  runFolder: string;
  /** A complete checkpoint folder to go on from. */
  resumeFrom: string | undefined;
}

/** One message of the engine thread. */
export type TrainingNews =
  | { type: 'device'; device: 'cpu' | 'cuda'; why: string; card: string | undefined }
  | { type: 'planned'; plan: RunPlan }
  | { type: 'started'; totalSteps: number; trainableParameters: number; totalParameters: number; resumedAtStep: number }
  | {
      type: 'step';
      step: number;
      totalSteps: number;
      loss: number;
      learningRate: number;
      gradientNorm: number;
      tokens: number;
      trainedTokens: number;
      tokensPerSecond: number;
      etaSeconds: number;
    }
  | { type: 'evaluation'; step: number; loss: number; tokenAccuracy: number }
  | { type: 'checkpoint'; step: number; folder: string; metrics: Record<string, number> }
  | {
      type: 'finished';
      folder: string;
      steps: number;
      tokens: number;
      trainedTokens: number;
      tokensPerSecond: number;
      metrics: Record<string, number>;
    }
  | { type: 'warning'; message: string }
  | { type: 'cancelled'; step: number }
  | { type: 'failed'; error: ErrorBody };

/** An engine at work, in a thread or in processes of its own. */
export interface RunningTraining {
  /** Every message in order; ends after `finished` or `cancelled`, throws after `failed` or a crash. */
  news: AsyncIterable<TrainingNews>;
  /** Asks the engine to stop before its next step. */
  cancel(): void;
  /** Ends it where it stands. */
  terminate(): Promise<void>;
}

/** The word at index 0 of the shared flag: the engine reads it between steps. */
export const stopWords = { run: 0, cancel: 1 } as const;
