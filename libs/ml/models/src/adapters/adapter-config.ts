import { refusal } from '@hone/base';
import { loraConfig, type LoraConfig } from '@hone/nn';
import { familyOfModelType } from '../families/index.js';

/** Fields that change the arithmetic in ways that are not built, and the values under which they do nothing. */
const inert: Readonly<Record<string, readonly unknown[]>> = {
  alora_invocation_tokens: [null],
  arrow_config: [null],
  bias: ['none'],
  kasa_config: [null],
  layer_replication: [null],
  lora_bias: [false],
  megatron_config: [null],
  modules_to_save: [null],
  monteclora_config: [null],
  target_parameters: [null],
  trainable_token_indices: [null],
  use_bdlora: [null, false],
  use_dora: [false],
  use_qalora: [false],
  velora_config: [null],
};

/** Initialisations that rewrite the base weights: such an adapter is wrong on the base that it names. */
const rewritesBase = /^(pissa|olora|corda|loftq|lora_ga)/;

/** Reads adapter_config.json of a LoRA adapter; whatever would be silently dropped is refused by name. */
export function parseAdapterConfig(json: Record<string, unknown>, modelType: string): LoraConfig {
  const refuse = (param: string, problem: string) =>
    refusal('unsupported_adapter', `[adapter] ${param} = ${JSON.stringify(json[param])}: ${problem}`, { param });
  const type = String(json['peft_type'] ?? '').toUpperCase();
  if (type !== 'LORA') throw refuse('peft_type', 'only LORA adapters can be loaded');
  if (json['r'] === undefined) throw refuse('r', 'expected the rank');
  for (const [field, values] of Object.entries(inert)) {
    const value = json[field] ?? null;
    const isEmpty = Array.isArray(value) && value.length === 0;
    if (value !== null && !isEmpty && !values.includes(value)) throw refuse(field, 'this variant of LoRA is not built');
  }
  const family = familyOfModelType(modelType);
  // PEFT says by this flag how the base's weight lies in memory; A and B are the same either way.
  const isTransposed = family?.hasTransposedWeights ?? false;
  if (json['fan_in_fan_out'] === true && !isTransposed) {
    throw refuse('fan_in_fan_out', `the linear weights of ${modelType} are not transposed`);
  }
  const initial = json['init_lora_weights'];
  if (typeof initial === 'string' && rewritesBase.test(initial)) {
    throw refuse('init_lora_weights', 'it changes the base weights; convert the adapter to plain LoRA first');
  }
  const names = (field: string): readonly string[] | string | undefined => {
    const value = json[field] ?? undefined;
    if (value === undefined || typeof value === 'string') return value;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw refuse(field, 'expected module names');
  };
  const number = (field: string, fallback: number): number => {
    const value = json[field] ?? fallback;
    if (typeof value === 'number') return value;
    throw refuse(field, 'expected a number');
  };
  const targetModules = names('target_modules') ?? family?.loraTargets;
  if (targetModules === undefined) throw refuse('target_modules', 'expected module names');
  return loraConfig({
    r: number('r', 8),
    loraAlpha: number('lora_alpha', 8),
    loraDropout: number('lora_dropout', 0),
    targetModules,
    excludeModules: names('exclude_modules'),
    layersToTransform: layersOf(json['layers_to_transform']),
    useRslora: json['use_rslora'] === true,
    rankPattern: (json['rank_pattern'] ?? {}) as Record<string, number>,
    alphaPattern: (json['alpha_pattern'] ?? {}) as Record<string, number>,
  });
}

function layersOf(value: unknown): number[] | undefined {
  if (value === undefined || value === null) return undefined;
  return Array.isArray(value) ? (value as number[]) : [Number(value)];
}

/** All fields that PEFT 0.21 writes, in its order, so that its own loader finds nothing missing and nothing unknown. */
export function adapterConfigJson(
  config: LoraConfig,
  baseName: string | null,
  hasTransposedWeights = false,
): Record<string, unknown> {
  const targets = config.targetModules;
  return {
    alora_invocation_tokens: null,
    alpha_pattern: config.alphaPattern,
    arrow_config: null,
    auto_mapping: null,
    base_model_name_or_path: baseName,
    bias: 'none',
    corda_config: null,
    ensure_weight_tying: false,
    eva_config: null,
    exclude_modules: config.excludeModules ?? null,
    fan_in_fan_out: hasTransposedWeights,
    inference_mode: true,
    init_lora_weights: true,
    kasa_config: null,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: config.layersToTransform ?? null,
    loftq_config: {},
    lora_alpha: config.loraAlpha,
    lora_bias: false,
    lora_dropout: config.loraDropout,
    lora_ga_config: null,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: null,
    monteclora_config: null,
    peft_type: 'LORA',
    peft_version: '0.21.0',
    qalora_group_size: 16,
    r: config.r,
    rank_pattern: config.rankPattern,
    revision: null,
    target_modules: typeof targets === 'string' ? targets : [...targets].sort(),
    target_parameters: null,
    task_type: 'CAUSAL_LM',
    trainable_token_indices: null,
    use_bdlora: null,
    use_dora: false,
    use_qalora: false,
    use_rslora: config.useRslora,
    velora_config: null,
  };
}
