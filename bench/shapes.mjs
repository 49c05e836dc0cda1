// The reference shapes of the rows, as config.json spells them: 100 M, 1.1 B and 8 B parameters.
const llama = (hidden, layers, heads, kvHeads, inner) => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: hidden,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: kvHeads,
  intermediate_size: inner,
  vocab_size: 32000,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  hidden_act: 'silu',
  tie_word_embeddings: false,
});

export const shapes = {
  S0: llama(768, 12, 12, 4, 2048),
  S1: llama(2048, 16, 32, 8, 8192),
};

/** The shapes of the replay: 8 B for a card; a tiny one shows that the rest works. */
export const replayShapes = {
  S8: { ...llama(4096, 32, 32, 8, 14336), vocab_size: 128256, rms_norm_eps: 1e-5, rope_theta: 500000 },
  tiny: { ...llama(64, 2, 4, 2, 128), vocab_size: 512 },
};

/** [rows, columns] of every linear layer of one block, by its name in Hugging Face folders. */
export function linearsOf(shape) {
  const {
    hidden_size: hidden,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    intermediate_size: inner,
  } = shape;
  const kv = (hidden / heads) * kvHeads;
  return {
    'self_attn.q_proj': [hidden, hidden],
    'self_attn.k_proj': [kv, hidden],
    'self_attn.v_proj': [kv, hidden],
    'self_attn.o_proj': [hidden, hidden],
    'mlp.gate_proj': [inner, hidden],
    'mlp.up_proj': [inner, hidden],
    'mlp.down_proj': [hidden, inner],
  };
}

/** Uniform 32-bit words; the same seed gives the same stream (Marsaglia, Xorshift RNGs, 2003). */
export function randomWords(seed) {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Token ids of one prompt; no two streams and no two rounds share a beginning, so that no cache of prefixes helps. */
export const promptOf = (length, stream, round) =>
  Array.from({ length }, (_, at) => 300 + ((at * 7919 + stream * 104729 + round * 31337 + 17) % 31000));
