import type { CausalModel } from '@hone/models';
import type { LoraAdapter } from '@hone/nn';
import { microBatch } from './data/micro-batch.js';
import { surveyDataset, type Survey } from './data/survey.js';
import type { TokenDataset } from './data/token-dataset.js';
import { NumberSheet } from './number-sheet.js';
import { queueMeasure, type TokenSums } from './token-loss.js';

export interface Evaluation {
  /** Mean over all learnt tokens, so long rows weigh more. */
  readonly loss: number;
  readonly perplexity: number;
  readonly tokenAccuracy: number;
  readonly targets: number;
}

export interface EvaluateOptions {
  readonly adapter?: LoraAdapter | undefined;
  readonly batchRows?: number;
  /** Default: what the model can attend to. */
  readonly maxLength?: number | undefined;
  /** A survey made before; saves reading the rows again. */
  readonly survey?: Survey;
}

/** Where the sums of batches are kept until they are read together. */
export const evaluationSheet = (): NumberSheet => new NumberSheet(512);

/** Loss, perplexity and token accuracy over a dataset. */
export function evaluateLoss(model: CausalModel, dataset: TokenDataset, options: EvaluateOptions = {}): Evaluation {
  const { adapter, batchRows = 8, maxLength = model.shape.maxPositions } = options;
  const { lengths } = options.survey ?? surveyDataset('evaluation', dataset, maxLength, model.shape.vocabSize);
  const sheet = evaluationSheet();
  const all = { nll: 0, hits: 0, targets: 0 };
  try {
    for (let first = 0; first < dataset.length; first += batchRows) {
      if (sheet.room < 2) addSums(all, sheet.read());
      const count = Math.min(batchRows, dataset.length - first);
      const rows = Array.from({ length: count }, (_, i) => first + i);
      const batch = microBatch(dataset, rows, lengths);
      queueMeasure(model, batch, sheet.take(2).numbers, adapter ? { adapter } : {});
      all.targets += batch.targetCount;
    }
    addSums(all, sheet.read());
  } finally {
    sheet.free();
  }
  const loss = all.nll / all.targets;
  return { loss, perplexity: Math.exp(loss), tokenAccuracy: all.hits / all.targets, targets: all.targets };
}

/** nll and hits of each batch by turns. */
function addSums(all: TokenSums, sums: Float32Array): void {
  for (let at = 0; at < sums.length; at += 2) {
    all.nll += sums[at] as number;
    all.hits += sums[at + 1] as number;
  }
}
