import { loraConfig, schedule, type LoraConfig } from '@hone/nn';
import type { Sampling } from '../data/order.js';
import { ArgumentReader, refuse } from './read-arguments.js';

const methods = ['qlora', 'lora', 'full'] as const;
export type Method = (typeof methods)[number];

/**
 * Rows of a micro-batch, and the rank of an adapter: far above what anybody trains with (a larger effective batch is accumulated, and
 * a rank above the width of a model adds nothing), and small enough that their plan is made within seconds.
 */
export const argumentLimits = { rows: 65_536, rank: 4096, processes: 1024 };
export type Interval = 'no' | 'steps' | 'epoch';
/** What the backward pass computes again instead of keeping: nothing, norms and SwiGLU, or whole layers. */
export type Recompute = 'none' | 'cheap' | 'layers';

/** Everything that decides a run, after defaults; the same settings, data, base and seed give the same bits. */
export interface TrainingSettings {
  readonly method: Method;
  readonly lora: LoraConfig | undefined;
  readonly batchUnits: number;
  readonly evalBatchUnits: number;
  readonly accumulationSteps: number;
  /** Devices that share the micro-batches of a step, with a process each. */
  readonly processes: number;
  /** undefined = by the size of the dataset. */
  readonly epochs: number | undefined;
  /** 0 = by epochs. */
  readonly maxSteps: number;
  readonly learningRate: number;
  readonly scheduler: string;
  readonly schedulerCycles: number | undefined;
  readonly schedulerMinRate: number | undefined;
  /** Steps, or a share of all steps when below 1. */
  readonly warmup: number;
  readonly weightDecay: number;
  /** How the moments lie: f32, or 8 bits in blocks of 256. */
  readonly optimizer: 'adamw' | 'adamw8bit';
  /** Beside a GPU the moments live in host memory and come page by page; the processor has no other memory. */
  readonly isPaged: boolean;
  readonly adam: { readonly beta1: number; readonly beta2: number; readonly eps: number };
  /** 0 = never clip. */
  readonly maxGradNorm: number;
  /** How the weights of a LoRA base or of a full fine-tune are held; a 4-bit base has its own format. */
  readonly precision: 'f32' | 'bf16';
  readonly recompute: Recompute;
  /** Beside a GPU the inputs of the layers wait for the backward pass in host memory; with `layers` computed again. */
  readonly isOffloaded: boolean;
  /** A 4-bit base is held unpacked on a card: what a plan chooses where memory allows, and nobody has to ask for. */
  readonly isUnpacked: boolean;
  readonly maxLength: number | undefined;
  readonly isPacking: boolean;
  readonly sampling: Sampling;
  readonly seed: number;
  readonly dataSeed: number;
  readonly loggingSteps: number;
  readonly evalStrategy: Interval;
  /** Steps, or a share of all steps when below 1. */
  readonly evalSteps: number;
  readonly evalOnStart: boolean;
  readonly saveStrategy: Interval | 'best';
  readonly saveSteps: number;
  readonly saveTotalLimit: number | undefined;
  readonly saveOnlyModel: boolean;
  readonly keepBest: boolean;
  readonly metricForBest: 'eval_loss' | 'eval_mean_token_accuracy';
  /** Evaluations without improvement after which a run stops; undefined = never. */
  readonly patience: number | undefined;
  readonly patienceThreshold: number;
  readonly warnings: readonly string[];
}

/** Learning rates that usually work, by method; outside of them a run warns. */
const learningRates: Readonly<Record<Method, { usual: readonly [number, number]; start: number }>> = {
  full: { usual: [1e-6, 5e-5], start: 2e-5 },
  lora: { usual: [1e-4, 3e-4], start: 2e-4 },
  qlora: { usual: [2e-4, 5e-4], start: 2e-4 },
};

const narrowOptimizers = ['adamw_8bit', 'adamw_bnb_8bit', 'paged_adamw_8bit'] as const;
const optimizers = [
  ...narrowOptimizers,
  'adamw',
  'adamw_torch',
  'adamw_torch_fused',
  'adamw_hf',
  'paged_adamw',
  'paged_adamw_32bit',
] as const;

/**
 * Reads hyper-parameters under the names of TrainingArguments, SFTConfig and ModelConfig, old spellings included. Unknown
 * names are refused with a suggestion: a setting that is silently ignored has cost more training runs than any bug.
 */
export function trainingSettings(args: Readonly<Record<string, unknown>> = {}, method?: Method): TrainingSettings {
  const read = new ArgumentReader(args);
  const warnings: string[] = [];
  const chosen = readMethod(read, method);
  refuseUnbuilt(read, warnings);
  const seed = read.integer('seed', 42, { min: 0 });
  const settings: TrainingSettings = {
    method: chosen,
    lora: readLora(read, chosen),
    ...readBatches(read),
    ...readRate(read, chosen, warnings),
    precision: readPrecision(read, chosen),
    isUnpacked: false,
    ...readRecompute(read),
    maxLength: read.has('max_length') ? read.integer('max_length', 0, { min: 2 }) : undefined,
    isPacking: read.flag('packing', false),
    sampling: readSampling(read),
    seed,
    dataSeed: read.integer('data_seed', seed, { min: 0 }),
    loggingSteps: read.number('logging_steps', 1, { min: 0 }),
    ...readEvaluation(read),
    warnings,
  };
  read.finish();
  return settings;
}

function readMethod(read: ArgumentReader, method: Method | undefined): Method {
  if (method !== undefined && !methods.includes(method)) {
    throw refuse('method', `expected qlora, lora or full but received ${JSON.stringify(method)}`, 'name one of them');
  }
  const is4bit = read.flag('load_in_4bit', method === 'qlora');
  const isPeft = read.flag('use_peft', method === undefined || method !== 'full' || read.has('lora_r'));
  const derived: Method = is4bit ? 'qlora' : isPeft ? 'lora' : 'full';
  if (method !== undefined && method !== derived) {
    throw refuse(is4bit ? 'load_in_4bit' : 'use_peft', `contradicts the method ${method}`, 'leave it out');
  }
  return derived;
}

/** Settings that would change the numbers but are not built are refused; harmless values of them pass. */
function refuseUnbuilt(read: ArgumentReader, warnings: string[]): void {
  const only = (name: string, passes: (value: unknown) => boolean, fix: string) => {
    const value = read.raw(name);
    if (value !== undefined && !passes(value)) throw refuse(name, `= ${JSON.stringify(value)} is not built`, fix);
  };
  const off = (value: unknown) => value === 0 || value === false || value === 'no' || value === 'none';
  only('load_in_8bit', off, 'use load_in_4bit');
  only('bnb_4bit_quant_type', (value) => value === 'nf4', 'use nf4');
  only('bnb_4bit_use_double_quant', (value) => value === true, 'double quantisation is always on');
  only('label_smoothing_factor', off, 'leave it at 0');
  only('neftune_noise_alpha', off, 'leave it out');
  only('use_dora', off, 'use plain LoRA');
  only('loss_type', (value) => value === 'nll', 'use nll');
  only('lora_modules_to_save', (value) => Array.isArray(value) && value.length === 0, 'use full fine-tuning');
  only('lora_bias', (value) => value === 'none' || value === false, 'use none');
  only('optim', (value) => (optimizers as readonly unknown[]).includes(value), `use one of ${optimizers.join(', ')}`);
  if (read.raw('fp16') === true) warnings.push('fp16 was asked for; activations stay in f32, which never overflows');
  if (read.raw('logging_nan_inf_filter') === true) warnings.push('a loss that is not finite always fails the run');
}

/** `bf16` or `dtype`; activations and sums stay f32 in every case. */
function readPrecision(read: ArgumentReader, method: Method): 'f32' | 'bf16' {
  const isAsked = read.flag('bf16', false) || /^(torch\.)?bfloat16$|^bf16$/.test(String(read.raw('dtype') ?? ''));
  return isAsked && method !== 'qlora' ? 'bf16' : 'f32';
}

/** The flag of TrainingArguments, and Megatron's word for how much is computed again. */
function readRecompute(read: ArgumentReader): Pick<TrainingSettings, 'recompute' | 'isOffloaded'> {
  const isOffloaded = read.flag('activation_offloading', false);
  const isWhole = read.flag('gradient_checkpointing', isOffloaded);
  if (isOffloaded && !isWhole)
    throw refuse('activation_offloading', 'needs gradient_checkpointing', 'leave the latter out');
  const granularity = read.choice('recompute_granularity', ['full', 'selective'] as const, 'full');
  const isSelective = read.has('recompute_granularity') && granularity === 'selective';
  if (isOffloaded && isSelective)
    throw refuse('activation_offloading', 'computes whole layers again', 'leave recompute_granularity out');
  if (isSelective) return { recompute: 'cheap', isOffloaded };
  return { recompute: isWhole || read.has('recompute_granularity') ? 'layers' : 'none', isOffloaded };
}

function readLora(read: ArgumentReader, method: Method): LoraConfig | undefined {
  const r = read.integer('lora_r', 16, { min: 1, max: argumentLimits.rank });
  const config = {
    r,
    loraAlpha: read.number('lora_alpha', 2 * r),
    loraDropout: read.number('lora_dropout', 0),
    targetModules: readTargets(read),
    useRslora: read.flag('use_rslora', false),
    layersToTransform: read.raw('layers_to_transform') as readonly number[] | undefined,
    rankPattern: readRanks(read),
    alphaPattern: (read.raw('alpha_pattern') ?? {}) as Record<string, number>,
    excludeModules: read.raw('exclude_modules') as readonly string[] | undefined,
  };
  return method === 'full' ? undefined : loraConfig(config);
}

function readTargets(read: ArgumentReader): readonly string[] | string {
  const raw = read.raw('lora_target_modules') ?? 'all-linear';
  if (typeof raw === 'string') return raw.includes(',') ? raw.split(',').map((name) => name.trim()) : raw;
  if (Array.isArray(raw) && raw.length === 1 && raw[0] === 'all-linear') return 'all-linear';
  if (Array.isArray(raw) && raw.every((name) => typeof name === 'string')) return raw;
  throw read.expected('lora_target_modules', 'module names or "all-linear"');
}

function readRanks(read: ArgumentReader): Record<string, number> {
  const ranks = (read.raw('rank_pattern') ?? {}) as Record<string, number>;
  if (!Object.values(ranks).some((rank) => rank > argumentLimits.rank)) return ranks;
  throw read.expected('rank_pattern', `ranks of at most ${argumentLimits.rank}`);
}

const readBatches = (read: ArgumentReader) => ({
  batchUnits: read.integer('per_device_train_batch_size', 8, { min: 1, max: argumentLimits.rows }),
  evalBatchUnits: read.integer('per_device_eval_batch_size', 8, { min: 1, max: argumentLimits.rows }),
  accumulationSteps: read.integer('gradient_accumulation_steps', 1, { min: 1 }),
  processes: read.integer('num_processes', 1, { min: 1, max: argumentLimits.processes }),
  epochs:
    read.raw('num_train_epochs') === 'auto' ? undefined : read.number('num_train_epochs', 3, { min: Number.MIN_VALUE }),
  maxSteps: Math.max(0, read.integer('max_steps', 0, { min: -1 })),
});

function readRate(read: ArgumentReader, method: Method, warnings: string[]) {
  const { usual, start } = learningRates[method];
  const multiplier = read.number('learning_rate_multiplier', 1, { min: 0 });
  const learningRate = read.number('learning_rate', start * multiplier, { min: 0 });
  if (learningRate < usual[0] || learningRate > usual[1]) {
    warnings.push(`learning_rate ${learningRate} is outside the usual ${usual[0]} to ${usual[1]} for ${method}`);
  }
  const kwargs = (read.raw('lr_scheduler_kwargs') ?? {}) as Record<string, number>;
  const scheduler = String(read.raw('lr_scheduler_type') ?? 'linear');
  schedule(scheduler, { warmupSteps: 0, totalSteps: 1 });
  return {
    learningRate,
    scheduler,
    schedulerCycles: kwargs['num_cycles'],
    schedulerMinRate: kwargs['min_lr_rate'],
    warmup: read.number('warmup_steps', 0, { min: 0 }),
    weightDecay: read.number('weight_decay', 0, { min: 0 }),
    optimizer: (narrowOptimizers as readonly unknown[]).includes(read.raw('optim')) ? 'adamw8bit' : 'adamw',
    isPaged: String(read.raw('optim')).startsWith('paged_'),
    adam: {
      beta1: read.number('adam_beta1', 0.9, { min: 0, max: 1 }),
      beta2: read.number('adam_beta2', 0.999, { min: 0, max: 1 }),
      eps: read.number('adam_epsilon', 1e-8, { min: 0 }),
    },
    maxGradNorm: read.number('max_grad_norm', 1, { min: 0 }),
  } as const;
}

function readSampling(read: ArgumentReader): Sampling {
  const raw = read.raw('train_sampling_strategy');
  // group_by_length was a flag before it became one of the strategies.
  if (raw === true) return 'group_by_length';
  if (raw === false) return 'random';
  return read.choice('train_sampling_strategy', ['random', 'sequential', 'group_by_length'], 'random');
}

function readEvaluation(read: ArgumentReader) {
  const patience = read.has('early_stopping_patience')
    ? read.integer('early_stopping_patience', 1, { min: 1 })
    : undefined;
  const metric = String(read.raw('metric_for_best_model') ?? 'eval_loss').replace(/^(?!eval_)/, 'eval_');
  if (metric !== 'eval_loss' && metric !== 'eval_mean_token_accuracy') {
    throw read.expected('metric_for_best_model', 'eval_loss or eval_mean_token_accuracy');
  }
  read.raw('greater_is_better');
  const limit = read.integer('save_total_limit', 0, { min: 0 });
  const saveStrategy = read.choice('save_strategy', ['no', 'steps', 'epoch', 'best'] as const, 'no');
  const evalDefault = read.has('eval_steps') || patience !== undefined ? 'steps' : 'no';
  return {
    evalStrategy: read.choice('eval_strategy', ['no', 'steps', 'epoch'] as const, evalDefault),
    evalSteps: read.number('eval_steps', read.number('logging_steps', 10, { min: 0 }) || 10, { min: 0 }),
    evalOnStart: read.flag('eval_on_start', false),
    saveStrategy,
    saveSteps: read.number('save_steps', 500, { min: 0 }),
    saveTotalLimit: limit > 0 ? limit : undefined,
    saveOnlyModel: read.flag('save_only_model', false),
    keepBest: read.flag('load_best_model_at_end', patience !== undefined),
    metricForBest: metric,
    patience,
    patienceThreshold: read.number('early_stopping_threshold', 0, { min: 0 }),
  } as const;
}
