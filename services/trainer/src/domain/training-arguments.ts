import { refusal } from '@hone/base';
import type { Hyperparameters } from '@hone/contracts';

export type TuningMethod = 'qlora' | 'lora' | 'full';

/** What the recipe is told: a method, and arguments under the names of TrainingArguments. */
export interface TrainingOrderArguments {
  method: TuningMethod;
  arguments: Record<string, unknown>;
}

const methods: readonly TuningMethod[] = ['qlora', 'lora', 'full'];

/**
 * Turns a client's hyper-parameters into the recipe's arguments: OpenAI's three names become the field's, "auto" becomes the
 * house's choice, everything else passes through for the recipe to accept or refuse. `rows` is undefined while the dataset is
 * not built. `defaultLearningRate` is the recipe's own for the method.
 */
export function trainingArguments(
  given: Hyperparameters,
  facts: {
    rows: number | undefined;
    hasValidation: boolean;
    seed: number;
    defaultLearningRate(method: TuningMethod): number;
  },
): TrainingOrderArguments {
  const {
    n_epochs: epochs,
    batch_size: batch,
    learning_rate_multiplier: multiplier,
    method: chosen,
    learning_rate: rate,
    ...rest
  } = given;
  const method = (chosen ?? 'qlora') as TuningMethod;
  if (!methods.includes(method)) throw unknownMethod(method);
  const base = typeof rate === 'number' ? rate : facts.defaultLearningRate(method);
  const factor = typeof multiplier === 'number' ? multiplier : 1;
  return {
    method,
    arguments: {
      lr_scheduler_type: 'cosine',
      warmup_steps: 0.05,
      save_strategy: 'steps',
      save_steps: 0.25,
      save_total_limit: 2,
      ...(facts.hasValidation ? { eval_strategy: 'steps', eval_steps: 0.25, load_best_model_at_end: true } : {}),
      ...withoutAuto(rest),
      seed: facts.seed,
      learning_rate: rate === undefined || typeof rate === 'number' ? base * factor : rate,
      ...(rest['num_train_epochs'] === undefined ? { num_train_epochs: epochs ?? 'auto' } : {}),
      ...(rest['per_device_train_batch_size'] === undefined
        ? { per_device_train_batch_size: batchSize(batch, facts.rows) }
        : {}),
    },
  };
}

/** Small datasets get small batches, so that an epoch still has some tens of steps. */
const batchSize = (batch: Hyperparameters['batch_size'], rows: number | undefined): number =>
  typeof batch === 'number' ? batch : rows === undefined ? 16 : Math.min(32, Math.max(4, Math.round(rows / 40)));

const withoutAuto = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 'auto'));

function unknownMethod(received: unknown): Error {
  const message = `[fine_tuning.jobs] expected one of ${methods.join(', ')} for hyperparameters.method but received ${JSON.stringify(received)}`;
  return refusal('invalid_hyperparameter', message, { param: 'hyperparameters.method' });
}
