import { bug, ggmlLayouts, type GgmlType } from '@hone/base';
import { floatsFromBytes } from '../../safetensors/floats.js';
import { halfValues } from '../half-table.js';
import { kQuants } from './k-quants.js';
import type { RestoreBlock } from './restore-block.js';

/** Blocks of 32 with one f16 scale (and for the _1 types an f16 minimum), as ggml-quants.c lays them out. */
const simple: Partial<Record<GgmlType, RestoreBlock>> = {
  Q8_0: (bytes, at, out, to, half) => {
    const d = half(at);
    for (let i = 0; i < 32; i++) out[to + i] = d * signed(bytes[at + 2 + i] as number);
  },
  Q4_0: (bytes, at, out, to, half) => {
    const d = half(at);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 2 + i] as number;
      out[to + i] = d * ((byte & 15) - 8);
      out[to + 16 + i] = d * ((byte >> 4) - 8);
    }
  },
  Q4_1: (bytes, at, out, to, half) => {
    const [d, minimum] = [half(at), half(at + 2)];
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 4 + i] as number;
      out[to + i] = d * (byte & 15) + minimum;
      out[to + 16 + i] = d * (byte >> 4) + minimum;
    }
  },
  Q5_0: (bytes, at, out, to, half) => {
    const d = half(at);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 6 + i] as number;
      out[to + i] = d * (((byte & 15) | (fifthBit(bytes, at + 2, i) << 4)) - 16);
      out[to + 16 + i] = d * (((byte >> 4) | (fifthBit(bytes, at + 2, 16 + i) << 4)) - 16);
    }
  },
  Q5_1: (bytes, at, out, to, half) => {
    const [d, minimum] = [half(at), half(at + 2)];
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 8 + i] as number;
      out[to + i] = d * ((byte & 15) | (fifthBit(bytes, at + 4, i) << 4)) + minimum;
      out[to + 16 + i] = d * ((byte >> 4) | (fifthBit(bytes, at + 4, 16 + i) << 4)) + minimum;
    }
  },
};

const signed = (byte: number): number => (byte << 24) >> 24;
const fifthBit = (bytes: Uint8Array, at: number, i: number): number =>
  ((bytes[at + (i >> 3)] as number) >> (i & 7)) & 1;

/**
 * The numbers of a tensor as f32. Every product of a scale and a code is exact in a double and is rounded once when it is stored
 * (for types with a minimum once after the sum), which is what the reference's f32 arithmetic gives, since there the products
 * are exact in f32, too.
 */
export function dequantizeGguf(type: GgmlType, bytes: Uint8Array): Float32Array {
  if (type === 'F32' || type === 'F16' || type === 'BF16') return floatsFromBytes(type, bytes) as Float32Array;
  const restore = simple[type] ?? kQuants[type];
  if (!restore) throw bug('gguf', `[gguf] expected a way to restore ${type} but there is none`);
  const layout = ggmlLayouts[type];
  const halves = halfValues();
  const half = (at: number): number => halves[(bytes[at] as number) | ((bytes[at + 1] as number) << 8)] as number;
  const blocks = bytes.byteLength / layout.bytes;
  const out = new Float32Array(blocks * layout.values);
  for (let block = 0; block < blocks; block++) restore(bytes, block * layout.bytes, out, block * layout.values, half);
  return out;
}
