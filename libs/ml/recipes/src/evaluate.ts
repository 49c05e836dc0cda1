import type { CausalModel } from '@hone/models';
import type { LoraAdapter } from '@hone/nn';
import { microBatch } from './data/micro-batch.js';
import { surveyDataset, type Survey } from './data/survey.js';
import type { TokenDataset } from './data/token-dataset.js';
import { measureTokens } from './token-loss.js';

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

/** Loss, perplexity and token accuracy over a dataset. */
export function evaluateLoss(model: CausalModel, dataset: TokenDataset, options: EvaluateOptions = {}): Evaluation {
  const { adapter, batchRows = 8, maxLength = model.shape.maxPositions } = options;
  const { lengths } = options.survey ?? surveyDataset('evaluation', dataset, maxLength, model.shape.vocabSize);
  let [nll, hits, targets] = [0, 0, 0];
  for (let first = 0; first < dataset.length; first += batchRows) {
    const count = Math.min(batchRows, dataset.length - first);
    const batch = microBatch(
      dataset,
      Array.from({ length: count }, (_, i) => first + i),
      lengths,
    );
    const sums = measureTokens(model, batch, adapter ? { adapter } : {});
    nll += sums.nll;
    hits += sums.hits;
    targets += batch.targetCount;
  }
  const loss = nll / targets;
  return { loss, perplexity: Math.exp(loss), tokenAccuracy: hits / targets, targets };
}
