import type { ModelConfig } from '../config/model-config.js';
import type { ConfigFields } from '../config/read-fields.js';

/** What a family assumes where config.json is silent, as its class in transformers does. */
export interface ShapeDefaults {
  readonly kvHeads?: number;
  readonly headDim?: number;
  readonly maxPositions?: number;
  readonly isHeadTied?: boolean;
  /** Fields whose value is a chance of dropping something while training; default attention_dropout. */
  readonly dropouts?: readonly string[];
}

/** The sizes and ids that every decoder has, under the field names that nearly all use. */
export function readShape(config: ConfigFields, defaults: ShapeDefaults = {}): Omit<SharedShape, 'decoder'> {
  const hiddenSize = config.size('hidden_size');
  const heads = config.size('num_attention_heads');
  const kvHeads = config.size('num_key_value_heads', defaults.kvHeads ?? heads);
  const headDim = config.size('head_dim', defaults.headDim ?? hiddenSize / heads);
  if (heads % kvHeads !== 0) throw config.bad('num_key_value_heads', `a divisor of num_attention_heads ${heads}`);
  if (headDim % 2 !== 0) throw config.bad('head_dim', 'an even number');
  return {
    vocabSize: config.size('vocab_size'),
    hiddenSize,
    layers: config.size('num_hidden_layers'),
    heads,
    kvHeads,
    headDim,
    maxPositions: config.size('max_position_embeddings', defaults.maxPositions ?? 2048),
    isHeadTied: config.flag('tie_word_embeddings', defaults.isHeadTied ?? false),
    trainingNoise: noiseOf(config, defaults.dropouts ?? ['attention_dropout']),
    ...readTokenIds(config),
  };
}

type SharedShape = Omit<ModelConfig, 'architecture' | 'modelType'>;

export const readTokenIds = (config: ConfigFields): Pick<ModelConfig, 'bosTokenId' | 'eosTokenIds'> => ({
  bosTokenId: config.ids('bos_token_id')[0],
  eosTokenIds: config.ids('eos_token_id'),
});

/** The fields among `names` that are above zero. */
export const noiseOf = (config: ConfigFields, names: readonly string[], fallback = 0): string[] =>
  names.filter((name) => config.number(name, fallback) > 0);

/** SwiGLU is the only gate of these families; another hidden_act would be another model. */
export const expectSilu = (config: ConfigFields): void =>
  config.only('hidden_act', 'silu', 'only the silu activation is built for this architecture');

/** Attended tokens per layer (0 = all): layer_types where the file has it, else by `isSliding`. `window` 0 = no layer slides. */
export function readWindows(config: ConfigFields, window: number, isSliding: (layer: number) => boolean): number[] {
  const layers = config.size('num_hidden_layers');
  const types = readLayerTypes(config, (layer) => window > 0 && isSliding(layer)).slice(0, layers);
  expectWindow(config, window, types);
  return types.map((type) => (type === 'sliding_attention' ? window : 0));
}

/** Layers that slide without a window would be another model than the file's, whichever of the two is meant. */
export function expectWindow(config: ConfigFields, window: number, types: readonly string[]): void {
  if (window > 0 || !types.includes('sliding_attention')) return;
  throw config.unsupported('layer_types', 'it asks for sliding layers, but no sliding_window is in use');
}

const layerTypes = ['sliding_attention', 'full_attention'] as const;

export function readLayerTypes(
  config: ConfigFields,
  isSliding: (layer: number) => boolean,
): (typeof layerTypes)[number][] {
  const layers = config.size('num_hidden_layers');
  const types = config.raw('layer_types');
  if (types === undefined) {
    return Array.from({ length: layers }, (_, layer) => (isSliding(layer) ? 'sliding_attention' : 'full_attention'));
  }
  const isKnown = (type: unknown): type is (typeof layerTypes)[number] =>
    (layerTypes as readonly unknown[]).includes(type);
  if (Array.isArray(types) && types.length >= layers && types.every(isKnown)) return types;
  throw config.unsupported('layer_types', `expected ${layers} of ${layerTypes.join(' and ')}`);
}

/** Qwen slides only where use_sliding_window is set, from max_window_layers up. */
export function readQwenWindows(config: ConfigFields): number[] {
  const isUsed = config.flag('use_sliding_window', false);
  const first = config.number('max_window_layers', 28);
  return readWindows(
    config,
    isUsed ? config.sizeOrNone('sliding_window', 4096) : 0,
    (layer) => isUsed && layer >= first,
  );
}

/** Fine-tuning here adds no loss that balances the experts (router_aux_loss_coef counts only where that loss is asked for). */
export const expectNoRouterLoss = (config: ConfigFields): void =>
  config.only(
    'output_router_logits',
    false,
    'it adds the balancing loss of the router, which is not built; set it to false',
  );
