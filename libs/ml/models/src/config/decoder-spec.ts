import type { RopeConfig } from './rope.js';

/** RMS norm with weight + offset as its factor, or layer norm with weight and bias. */
export type NormSpec =
  | { readonly kind: 'rms'; readonly path: string; readonly size: number; readonly eps: number; readonly offset: 0 | 1 }
  | { readonly kind: 'layer'; readonly path: string; readonly size: number; readonly eps: number };

/** A linear module: the path that PEFT uses, and its sizes. */
export interface LinearSpec {
  readonly path: string;
  readonly outFeatures: number;
  readonly inFeatures: number;
  readonly hasBias: boolean;
  /** The file holds the weight as [in, out], as the Conv1D of GPT-2 does. */
  readonly isTransposed?: boolean;
}

/** Three projections, or one whose output holds queries, keys and values side by side. */
export type ProjectionSpec =
  | { readonly kind: 'separate'; readonly q: LinearSpec; readonly k: LinearSpec; readonly v: LinearSpec }
  | { readonly kind: 'fused'; readonly qkv: LinearSpec };

export interface AttentionSpec {
  readonly projection: ProjectionSpec;
  readonly output: LinearSpec;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Norms over each head of queries and keys, before the rotation. */
  readonly headNorms: { readonly q: NormSpec; readonly k: NormSpec } | undefined;
  /** undefined = positions do not enter this layer. */
  readonly rope: RopeConfig | undefined;
  /** Factor on the scores, usually 1 / sqrt(headDim). */
  readonly scale: number;
  /** Attended tokens, the own one included; 0 = all. */
  readonly window: number;
  /** Scores s become softcap tanh(s / softcap); 0 = as they are. */
  readonly softcap: number;
}

/** gelu-tanh is the approximation by tanh, gelu the exact one by erf. */
export type Activation = 'silu' | 'gelu-tanh' | 'gelu';

/** down(activation(gate x) * up x). */
export interface GatedMlpSpec {
  readonly kind: 'gated';
  readonly activation: Activation;
  readonly gate: LinearSpec;
  readonly up: LinearSpec;
  readonly down: LinearSpec;
}

export type MlpSpec =
  | GatedMlpSpec
  /** The same with gate and up side by side in one product. */
  | {
      readonly kind: 'fused-gated';
      readonly activation: Activation;
      readonly gateUp: LinearSpec;
      readonly down: LinearSpec;
    }
  /** down(activation(up x)). */
  | {
      readonly kind: 'plain';
      readonly activation: Exclude<Activation, 'silu'>;
      readonly up: LinearSpec;
      readonly down: LinearSpec;
    }
  /** Each row goes through the experts whose router probability is largest; their outputs are added with it as weight. */
  | {
      readonly kind: 'experts';
      readonly router: LinearSpec;
      readonly experts: readonly GatedMlpSpec[];
      readonly expertsPerToken: number;
      /** Whether the chosen probabilities are scaled to sum to one. */
      readonly isRenormalised: boolean;
    };

/** x + attention(norm(x)), then + mlp(norm(.)); an output norm is applied before the addition. */
export interface LayerSpec {
  readonly attentionNorm: NormSpec;
  readonly attention: AttentionSpec;
  readonly attentionOutputNorm?: NormSpec;
  readonly mlpNorm: NormSpec;
  readonly mlp: MlpSpec;
  readonly mlpOutputNorm?: NormSpec;
}

/** Everything that is computed between ids and logits, as data: the weight map and the modules are both made from it. */
export interface DecoderSpec {
  readonly embeddingPath: string;
  /** Factor on the embedded rows. */
  readonly embeddingScale: number;
  /** A table [maxPositions, hiddenSize] that is added by position. */
  readonly positionPath: string | undefined;
  readonly layers: readonly LayerSpec[];
  readonly norm: NormSpec;
  /** undefined = the embedding table is also the head. */
  readonly headPath: string | undefined;
  /** Logits l become softcap tanh(l / softcap); 0 = as they are. */
  readonly logitSoftcap: number;
}

const projectionLinears = (projection: ProjectionSpec): LinearSpec[] =>
  projection.kind === 'fused' ? [projection.qkv] : [projection.q, projection.k, projection.v];

function mlpLinears(mlp: MlpSpec): LinearSpec[] {
  switch (mlp.kind) {
    case 'gated':
      return [mlp.gate, mlp.up, mlp.down];
    case 'fused-gated':
      return [mlp.gateUp, mlp.down];
    case 'plain':
      return [mlp.up, mlp.down];
    case 'experts':
      return [mlp.router, ...mlp.experts.flatMap(mlpLinears)];
  }
}

/** The linear modules of one layer, in the order of use. */
export const layerLinears = ({ attention, mlp }: LayerSpec): LinearSpec[] => [
  ...projectionLinears(attention.projection),
  attention.output,
  ...mlpLinears(mlp),
];

/** The norms of one layer. */
export function layerNorms(layer: LayerSpec): NormSpec[] {
  const { attentionNorm, attention, attentionOutputNorm, mlpNorm, mlpOutputNorm } = layer;
  const { headNorms } = attention;
  const norms = [attentionNorm, mlpNorm, attentionOutputNorm, mlpOutputNorm, headNorms?.q, headNorms?.k];
  return norms.filter((norm) => norm !== undefined);
}

/** The routers of mixtures of experts: they choose, so they are kept in full precision whatever the base's format is. */
export const routerPaths = ({ layers }: DecoderSpec): string[] =>
  layers.flatMap(({ mlp }) => (mlp.kind === 'experts' ? [mlp.router.path] : []));
