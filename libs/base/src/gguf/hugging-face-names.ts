import type { GgufKind } from './kinds.js';

/** What has to be done to a GGUF tensor to get the one of the Hugging Face folder that it was converted from. */
export type GgufChange =
  | 'none'
  /** llama.cpp keeps the two halves of each head interleaved: row 2i and 2i+1 are rows i and i + D/2 (rotary pairs). */
  | 'unpermute'
  /** Gemma's norms have the factor 1 + weight, and the converter writes that factor. */
  | 'minus-one'
  /** GPT-2's folder has its matrices as [in, out]. */
  | 'transpose';

export interface GgufWeightName {
  /** The name in a safetensors file, e.g. model.layers.0.self_attn.q_proj.weight. Where `isStacked`, * is the expert. */
  readonly name: string;
  readonly change: GgufChange;
  /** Whose heads the rows are, where `change` needs to know. */
  readonly heads?: 'query' | 'key';
  /** The tensor holds the matrices of all experts, one after another. */
  readonly isStacked: boolean;
}

/** llama.cpp's names of modules -> those of the folder: outside of the layers, and inside `blk.<layer>`. */
interface ModuleNames {
  /** What stands before a layer's number. */
  readonly layers: string;
  readonly outer: Readonly<Record<string, string>>;
  readonly inner: Readonly<Record<string, string>>;
  readonly changeOf?: (module: string, parameter: string) => GgufChange;
}

const outer = { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' };

const attention = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
};
const headNorms = { attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' };
const mlp = { ffn_gate: 'mlp.gate_proj', ffn_up: 'mlp.up_proj', ffn_down: 'mlp.down_proj' };
const norm = { ffn_norm: 'post_attention_layernorm' };

/** Only the files called `llama` interleave the rotary pairs; every later architecture keeps them as the folder has them. */
const rotated = (module: string): GgufChange => (module === 'attn_q' || module === 'attn_k' ? 'unpermute' : 'none');

const decoder: ModuleNames = { layers: 'model.layers', outer, inner: { ...attention, ...headNorms, ...norm, ...mlp } };

const gemma: ModuleNames = {
  ...decoder,
  inner: {
    ...attention,
    ...headNorms,
    post_attention_norm: 'post_attention_layernorm',
    ffn_norm: 'pre_feedforward_layernorm',
    post_ffw_norm: 'post_feedforward_layernorm',
    ...mlp,
  },
  changeOf: (module) => (module.endsWith('_norm') ? 'minus-one' : 'none'),
};

const names: Readonly<Record<GgufKind, ModuleNames>> = {
  llama: { ...decoder, changeOf: rotated },
  mixtral: {
    ...decoder,
    inner: {
      ...attention,
      ...norm,
      ffn_gate_inp: 'block_sparse_moe.gate',
      ffn_gate_exps: 'block_sparse_moe.experts.*.w1',
      ffn_up_exps: 'block_sparse_moe.experts.*.w3',
      ffn_down_exps: 'block_sparse_moe.experts.*.w2',
    },
    changeOf: rotated,
  },
  qwen2: decoder,
  qwen3: decoder,
  qwen3moe: {
    ...decoder,
    inner: {
      ...attention,
      ...headNorms,
      ...norm,
      ffn_gate_inp: 'mlp.gate',
      ffn_gate_exps: 'mlp.experts.*.gate_proj',
      ffn_up_exps: 'mlp.experts.*.up_proj',
      ffn_down_exps: 'mlp.experts.*.down_proj',
    },
  },
  gemma2: gemma,
  gemma3: gemma,
  phi3: {
    ...decoder,
    inner: {
      attn_norm: 'input_layernorm',
      attn_qkv: 'self_attn.qkv_proj',
      attn_output: 'self_attn.o_proj',
      ...norm,
      ffn_up: 'mlp.gate_up_proj',
      ffn_down: 'mlp.down_proj',
    },
  },
  gpt2: {
    layers: 'transformer.h',
    outer: {
      token_embd: 'transformer.wte',
      position_embd: 'transformer.wpe',
      output_norm: 'transformer.ln_f',
      output: 'lm_head',
    },
    inner: {
      attn_norm: 'ln_1',
      attn_qkv: 'attn.c_attn',
      attn_output: 'attn.c_proj',
      ffn_norm: 'ln_2',
      ffn_up: 'mlp.c_fc',
      ffn_down: 'mlp.c_proj',
    },
    changeOf: (module, parameter) =>
      parameter === 'weight' && ['attn_qkv', 'attn_output', 'ffn_up', 'ffn_down'].includes(module)
        ? 'transpose'
        : 'none',
  },
};

function homeOf(kind: GgufKind, module: string, parameter: string, name: string, isInner: boolean): GgufWeightName {
  const isStacked = isInner && (names[kind].inner[module] as string).includes('*');
  const change = names[kind].changeOf?.(module, parameter) ?? 'none';
  if (change !== 'unpermute') return { name, change, isStacked };
  return { name, change, heads: module === 'attn_q' ? 'query' : 'key', isStacked };
}

/** The Hugging Face name of a tensor in a file of this kind; undefined for one that belongs to no weight. */
export function weightOfGguf(kind: GgufKind, tensor: string): GgufWeightName | undefined {
  const [, layer, module = '', parameter = ''] = /^(?:blk\.(\d+)\.)?([a-z_]+)\.(weight|bias)$/.exec(tensor) ?? [];
  const { layers, ...tables } = names[kind];
  const table = layer === undefined ? tables.outer : tables.inner;
  if (!Object.hasOwn(table, module)) return undefined;
  const path = layer === undefined ? (table[module] as string) : `${layers}.${layer}.${table[module] as string}`;
  return homeOf(kind, module, parameter, `${path}.${parameter}`, layer !== undefined);
}

/** The way back: the tensor that holds a weight, and which of its experts that is. */
export function ggufOfWeight(kind: GgufKind, weight: string): (GgufWeightName & { expert?: number }) | undefined {
  const [, path = '', parameter = ''] = /^(.+)\.(weight|bias)$/.exec(weight) ?? [];
  const { layers, ...tables } = names[kind];
  const isInner = path.startsWith(`${layers}.`);
  const [layer = '', ...inside] = isInner ? path.slice(layers.length + 1).split('.') : [];
  const own = isInner ? inside.join('.') : path;
  const expert = /(?:^|\.)experts\.(\d+)\./.exec(own)?.[1];
  const wanted = own.replace(/((?:^|\.)experts\.)\d+\./, '$1*.');
  const table = isInner ? tables.inner : tables.outer;
  const module = Object.keys(table).find((gguf) => table[gguf] === wanted);
  if (module === undefined) return undefined;
  const home = homeOf(kind, module, parameter, `${isInner ? `blk.${layer}.` : ''}${module}.${parameter}`, isInner);
  return expert === undefined ? home : { ...home, expert: Number(expert) };
}
