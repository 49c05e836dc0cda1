import { refusal, suggest } from '@hone/base';
import type { Hyperparameters } from '@hone/contracts';

/** How the run trains: which weights move, and how the base is held. */
export type TuningMethod = 'qlora' | 'lora' | 'full';

/** The settings of a run, resolved: nothing is "auto" any more. Names are those of TrainingArguments and LoraConfig. */
export interface RunSettings {
  method: TuningMethod;
  num_train_epochs: number;
  max_steps: number | undefined;
  /** Rows per optimizer step. */
  batch_size: number;
  learning_rate: number;
  lr_scheduler_type: 'constant' | 'cosine' | 'linear';
  warmup_ratio: number;
  weight_decay: number;
  max_grad_norm: number;
  r: number;
  lora_alpha: number;
  lora_dropout: number;
  target_modules: string[] | 'all-linear';
  max_length: number | undefined;
  packing: boolean;
  eval_steps: number | undefined;
  save_steps: number | undefined;
  early_stopping_patience: number | undefined;
}

/** Learning rates that the field uses by method (the middle of each recommended range). */
const learningRate: Record<TuningMethod, number> = { full: 2e-5, lora: 2e-4, qlora: 3e-4 };

const known = [
  'n_epochs',
  'batch_size',
  'learning_rate_multiplier',
  'method',
  'num_train_epochs',
  'max_steps',
  'learning_rate',
  'lr_scheduler_type',
  'warmup_ratio',
  'weight_decay',
  'max_grad_norm',
  'r',
  'lora_alpha',
  'lora_dropout',
  'target_modules',
  'max_length',
  'packing',
  'eval_steps',
  'save_steps',
  'early_stopping_patience',
] as const;

/**
 * Checks a client's hyper-parameters and fills in what is absent or "auto". Small data wants more epochs and smaller batches;
 * `rows` is undefined while the dataset is not built yet.
 */
export function resolveSettings(given: Hyperparameters, rows: number | undefined): RunSettings {
  for (const key of Object.keys(given)) if (!(known as readonly string[]).includes(key)) throw unknownSetting(key);
  const method = oneOf(given, 'method', ['qlora', 'lora', 'full'] as const, 'qlora');
  const multiplier = numberOf(given, 'learning_rate_multiplier', 1, [1e-4, 100]);
  const r = numberOf(given, 'r', 16, [1, 256], true);
  return {
    method,
    num_train_epochs: numberOf(
      given,
      'num_train_epochs',
      numberOf(given, 'n_epochs', autoEpochs(rows), [0.01, 100]),
      [0.01, 100],
    ),
    max_steps: optionalNumber(given, 'max_steps', [1, 10_000_000], true),
    batch_size: numberOf(given, 'batch_size', autoBatch(rows), [1, 4096], true),
    learning_rate: numberOf(given, 'learning_rate', learningRate[method], [0, 1]) * multiplier,
    lr_scheduler_type: oneOf(given, 'lr_scheduler_type', ['constant', 'cosine', 'linear'] as const, 'cosine'),
    warmup_ratio: numberOf(given, 'warmup_ratio', 0.05, [0, 1]),
    weight_decay: numberOf(given, 'weight_decay', 0, [0, 10]),
    max_grad_norm: numberOf(given, 'max_grad_norm', 1, [0, 1e6]),
    r,
    lora_alpha: numberOf(given, 'lora_alpha', 2 * r, [0.01, 4096]),
    lora_dropout: numberOf(given, 'lora_dropout', 0, [0, 0.9]),
    target_modules: targets(given),
    max_length: optionalNumber(given, 'max_length', [8, 1_000_000], true),
    packing: booleanOf(given, 'packing', true),
    eval_steps: optionalNumber(given, 'eval_steps', [1, 1_000_000], true),
    save_steps: optionalNumber(given, 'save_steps', [1, 1_000_000], true),
    early_stopping_patience: optionalNumber(given, 'early_stopping_patience', [1, 1000], true),
  };
}

const autoEpochs = (rows: number | undefined): number => (rows === undefined || rows >= 1000 ? 3 : rows >= 200 ? 4 : 6);
const autoBatch = (rows: number | undefined): number =>
  rows === undefined ? 16 : Math.min(64, Math.max(4, Math.round(rows / 40)));

const value = (given: Hyperparameters, key: string): unknown => (given[key] === 'auto' ? undefined : given[key]);

function numberOf(
  given: Hyperparameters,
  key: string,
  preset: number,
  [low, high]: [number, number],
  isInteger = false,
): number {
  const found = value(given, key);
  if (found === undefined) return preset;
  if (typeof found === 'number' && found >= low && found <= high && (!isInteger || Number.isInteger(found)))
    return found;
  throw invalid(key, `${isInteger ? 'a whole number' : 'a number'} from ${low} to ${high}`, found);
}

const optionalNumber = (
  given: Hyperparameters,
  key: string,
  range: [number, number],
  isInteger: boolean,
): number | undefined => (value(given, key) === undefined ? undefined : numberOf(given, key, 0, range, isInteger));

function oneOf<T extends string>(given: Hyperparameters, key: string, choices: readonly T[], preset: T): T {
  const found = value(given, key);
  if (found === undefined) return preset;
  if (choices.includes(found as T)) return found as T;
  throw invalid(key, `one of ${choices.join(', ')}`, found);
}

function booleanOf(given: Hyperparameters, key: string, preset: boolean): boolean {
  const found = value(given, key);
  if (found === undefined) return preset;
  if (typeof found === 'boolean') return found;
  throw invalid(key, 'true or false', found);
}

function targets(given: Hyperparameters): string[] | 'all-linear' {
  const found = value(given, 'target_modules');
  if (found === undefined || found === 'all-linear') return 'all-linear';
  if (Array.isArray(found) && found.length > 0 && found.every((item) => typeof item === 'string')) return found;
  throw invalid('target_modules', '"all-linear" or a list of module names', found);
}

function invalid(key: string, expected: string, received: unknown): Error {
  const message = `[fine_tuning.jobs] expected ${expected} for hyperparameters.${key} but received ${JSON.stringify(received)}`;
  return refusal('invalid_hyperparameter', message, { param: `hyperparameters.${key}` });
}

function unknownSetting(key: string): Error {
  const near = suggest(key, known);
  const fix = near === undefined ? `the known ones are ${known.join(', ')}` : `did you mean ${near}?`;
  const message = `[fine_tuning.jobs] expected a known hyper-parameter but received hyperparameters.${key}; fix: ${fix}`;
  return refusal('unknown_hyperparameter', message, { param: `hyperparameters.${key}` });
}
