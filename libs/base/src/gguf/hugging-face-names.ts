/** What has to be done to a GGUF tensor to get the one of the Hugging Face folder that it was converted from. */
export type GgufChange =
  | 'none'
  /** llama.cpp keeps the two halves of each head interleaved: row 2i and 2i+1 are rows i and i + D/2 (rotary pairs). */
  | 'unpermute';

export interface GgufWeightName {
  /** The name in a safetensors file, e.g. model.layers.0.self_attn.q_proj.weight. */
  readonly name: string;
  readonly change: GgufChange;
  /** Whose heads the rows are, where `change` needs to know. */
  readonly heads?: 'query' | 'key';
}

const outer: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

/** llama.cpp's name of a module inside `blk.<layer>` -> the one inside `model.layers.<layer>`. */
const inner: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

const invert = (names: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(names).map(([gguf, own]) => [own, gguf]));
const outerBack = invert(outer);
const innerBack = invert(inner);

/** The Hugging Face name of a tensor of these architectures; undefined for one that belongs to no weight. */
export function weightOfGguf(architecture: string, tensor: string): GgufWeightName | undefined {
  const [, layer, module = '', kind = ''] = /^(?:blk\.(\d+)\.)?([a-z_]+)\.(weight|bias)$/.exec(tensor) ?? [];
  const own = (layer === undefined ? outer : inner)[module];
  if (own === undefined || !Object.hasOwn(layer === undefined ? outer : inner, module)) return undefined;
  if (layer === undefined) return { name: `${own}.${kind}`, change: 'none' };
  const name = `model.layers.${layer}.${own}.${kind}`;
  if (!isPermuted(architecture, module)) return { name, change: 'none' };
  return { name, change: 'unpermute', heads: module === 'attn_q' ? 'query' : 'key' };
}

/** The way back: the tensor that holds a weight. */
export function ggufOfWeight(architecture: string, weight: string): GgufWeightName | undefined {
  const [, layer, module = '', kind = ''] = /^(?:model\.layers\.(\d+)\.)?([a-z_.]+)\.(weight|bias)$/.exec(weight) ?? [];
  const names = layer === undefined ? outerBack : innerBack;
  const gguf = names[module];
  if (gguf === undefined || !Object.hasOwn(names, module)) return undefined;
  const name = layer === undefined ? `${gguf}.${kind}` : `blk.${layer}.${gguf}.${kind}`;
  if (!isPermuted(architecture, gguf)) return { name, change: 'none' };
  return { name, change: 'unpermute', heads: gguf === 'attn_q' ? 'query' : 'key' };
}

/** Only the architecture `llama` interleaves the rotary pairs; every later one keeps them as the checkpoint has them. */
const isPermuted = (architecture: string, module: string): boolean =>
  architecture === 'llama' && (module === 'attn_q' || module === 'attn_k');
