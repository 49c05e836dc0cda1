// Writes a GGUF file of a shape with random weights: Q4_0 linears and embeddings, Q6_K head, as llama-quantize lays a Q4_0 file out.
import { closeSync, openSync, writeSync } from 'node:fs';
import { linearsOf, randomWords } from '../shapes.mjs';

// Numbers of the GGUF specification (ggml/docs/gguf.md): value types and tensor types.
const valueTypes = { u32: 4, i32: 5, f32: 6, text: 8, list: 9 };
const tensorTypes = { f32: 0, q4_0: 2, q6_k: 14 };
const alignment = 32;

/** Bytes of `count` random weights; scales are chosen so that the weights have a deviation of about 0.02. */
const makers = {
  f32: (count) => Buffer.from(new Float32Array(count).fill(1).buffer),
  // Blocks of 32: a half-precision scale, then 16 bytes of nibbles.
  q4_0: (count, words) => {
    const bytes = randomBytes((count / 32) * 18, words);
    for (let at = 0; at < bytes.length; at += 18) bytes.writeUInt16LE(halfOf(0.02 / 4.6), at);
    return bytes;
  },
  // Blocks of 256: 192 bytes of low and high bits, 16 scales, one half-precision scale of scales.
  q6_k: (count, words) => {
    const bytes = randomBytes((count / 256) * 210, words);
    for (let at = 0; at < bytes.length; at += 210) {
      bytes.fill(16, at + 192, at + 208);
      bytes.writeUInt16LE(halfOf(0.02 / (16 * 18.5)), at + 208);
    }
    return bytes;
  },
};

function randomBytes(count, next) {
  const words = new Uint32Array(Math.ceil(count / 4));
  for (let at = 0; at < words.length; at++) words[at] = next();
  return Buffer.from(words.buffer, 0, count);
}

/** A positive number between the smallest normal half and 1 as its 16 bits. */
function halfOf(value) {
  const exponent = Math.floor(Math.log2(value));
  if (exponent < -14) return Math.round(value * 2 ** 24);
  return ((exponent + 15) << 10) | Math.round((value / 2 ** exponent - 1) * 1024);
}

function tensorsOf(shape) {
  const { hidden_size: hidden, num_hidden_layers: layers, vocab_size: vocabulary } = shape;
  const ggml = {
    'self_attn.q_proj': 'attn_q',
    'self_attn.k_proj': 'attn_k',
    'self_attn.v_proj': 'attn_v',
    'self_attn.o_proj': 'attn_output',
    'mlp.gate_proj': 'ffn_gate',
    'mlp.up_proj': 'ffn_up',
    'mlp.down_proj': 'ffn_down',
  };
  const block = (layer) => [
    ...Object.entries(linearsOf(shape)).map(([name, [rows, columns]]) => ({
      name: `blk.${layer}.${ggml[name]}.weight`,
      type: 'q4_0',
      dims: [columns, rows],
    })),
    { name: `blk.${layer}.attn_norm.weight`, type: 'f32', dims: [hidden] },
    { name: `blk.${layer}.ffn_norm.weight`, type: 'f32', dims: [hidden] },
  ];
  return [
    { name: 'token_embd.weight', type: 'q4_0', dims: [hidden, vocabulary] },
    ...Array.from({ length: layers }, (_, layer) => block(layer)).flat(),
    { name: 'output_norm.weight', type: 'f32', dims: [hidden] },
    { name: 'output.weight', type: 'q6_k', dims: [hidden, vocabulary] },
  ];
}

function metadataOf(shape) {
  const vocabulary = shape.vocab_size;
  const heads = shape.num_attention_heads;
  const u32 = (value) => ['u32', value];
  return {
    'general.architecture': ['text', 'llama'],
    'general.name': ['text', 'random'],
    'general.file_type': u32(2),
    'general.quantization_version': u32(2),
    'llama.vocab_size': u32(vocabulary),
    'llama.context_length': u32(shape.max_position_embeddings),
    'llama.embedding_length': u32(shape.hidden_size),
    'llama.block_count': u32(shape.num_hidden_layers),
    'llama.feed_forward_length': u32(shape.intermediate_size),
    'llama.attention.head_count': u32(heads),
    'llama.attention.head_count_kv': u32(shape.num_key_value_heads),
    'llama.attention.layer_norm_rms_epsilon': ['f32', shape.rms_norm_eps],
    'llama.rope.dimension_count': u32(shape.hidden_size / heads),
    'llama.rope.freq_base': ['f32', shape.rope_theta],
    'tokenizer.ggml.model': ['text', 'llama'],
    'tokenizer.ggml.tokens': ['list', 'text', Array.from({ length: vocabulary }, (_, id) => textOf(id))],
    'tokenizer.ggml.scores': ['list', 'f32', new Array(vocabulary).fill(0)],
    // 1 = normal, 2 = unknown, 3 = control, 6 = a byte.
    'tokenizer.ggml.token_type': [
      'list',
      'i32',
      Array.from({ length: vocabulary }, (_, id) => [2, 3, 3][id] ?? (id < 259 ? 6 : 1)),
    ],
    'tokenizer.ggml.bos_token_id': u32(1),
    'tokenizer.ggml.eos_token_id': u32(2),
    'tokenizer.ggml.unknown_token_id': u32(0),
  };
}

/** SentencePiece vocabularies begin with three special tokens and the 256 bytes; llama.cpp looks the bytes up. */
const textOf = (id) =>
  id >= 3 && id < 259 ? `<0x${(id - 3).toString(16).toUpperCase().padStart(2, '0')}>` : `<t${id}>`;

const u32Bytes = (value) => Buffer.from(Uint32Array.of(value).buffer);
const u64Bytes = (value) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const textBytes = (text) => Buffer.concat([u64Bytes(Buffer.byteLength(text)), Buffer.from(text)]);

function valueBytes(type, value) {
  if (type === 'text') return textBytes(value);
  if (type === 'f32') return Buffer.from(Float32Array.of(value).buffer);
  return u32Bytes(value);
}

function header(shape, tensors) {
  const metadata = Object.entries(metadataOf(shape));
  const parts = [Buffer.from('GGUF'), u32Bytes(3), u64Bytes(tensors.length), u64Bytes(metadata.length)];
  for (const [key, [type, ...value]] of metadata) {
    parts.push(textBytes(key), u32Bytes(valueTypes[type]));
    if (type !== 'list') parts.push(valueBytes(type, value[0]));
    else {
      const [of, items] = value;
      parts.push(u32Bytes(valueTypes[of]), u64Bytes(items.length), ...items.map((item) => valueBytes(of, item)));
    }
  }
  let offset = 0;
  for (const { name, type, dims } of tensors) {
    parts.push(
      textBytes(name),
      u32Bytes(dims.length),
      ...dims.map(u64Bytes),
      u32Bytes(tensorTypes[type]),
      u64Bytes(offset),
    );
    offset += padded(bytesOf(type, dims));
  }
  return Buffer.concat(parts);
}

const bytesOf = (type, dims) => {
  const count = dims.reduce((product, size) => product * size, 1);
  return { f32: count * 4, q4_0: (count / 32) * 18, q6_k: (count / 256) * 210 }[type];
};
const padded = (bytes) => Math.ceil(bytes / alignment) * alignment;

export function writeRandomGguf(shape, path, seed) {
  const tensors = tensorsOf(shape);
  const words = randomWords(seed);
  const file = openSync(path, 'w');
  const write = (bytes) => {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    const gap = padded(bytes.length) - bytes.length;
    if (gap > 0) writeSync(file, Buffer.alloc(gap));
  };
  write(header(shape, tensors));
  for (const { type, dims } of tensors)
    write(
      makers[type](
        dims.reduce((product, size) => product * size, 1),
        words,
      ),
    );
  closeSync(file);
}
