import type { GgmlType } from '@hone/base';
import type { RestoreBlock } from './restore-block.js';

/** Super-blocks of 256: scales (and minima) of sub-blocks are themselves quantised (ggml-quants.c, the K types). */
export const kQuants: Partial<Record<GgmlType, RestoreBlock>> = {
  Q2_K: (bytes, at, out, to, half) => {
    const [d, dmin] = [half(at + 80), half(at + 82)];
    for (let i = 0; i < 256; i++) {
      const scale = bytes[at + (i >> 4)] as number;
      const code = ((bytes[at + 16 + ((i >> 7) << 5) + (i & 31)] as number) >> (((i >> 5) & 3) * 2)) & 3;
      out[to + i] = d * (scale & 15) * code - dmin * (scale >> 4);
    }
  },
  Q3_K: (bytes, at, out, to, half) => {
    const d = half(at + 108);
    for (let i = 0; i < 256; i++) {
      const low = ((bytes[at + 32 + ((i >> 7) << 5) + (i & 31)] as number) >> (((i >> 5) & 3) * 2)) & 3;
      const high = ((bytes[at + (i & 31)] as number) >> (i >> 5)) & 1;
      out[to + i] = d * (scaleOfQ3(bytes, at + 96, i >> 4) - 32) * (low - (high ? 0 : 4));
    }
  },
  Q4_K: (bytes, at, out, to, half) => {
    const [d, dmin] = [half(at), half(at + 2)];
    for (let sub = 0; sub < 8; sub++) {
      const scale = d * scaleOfQ4(bytes, at + 4, sub);
      const minimum = dmin * minimumOfQ4(bytes, at + 4, sub);
      const codes = at + 16 + ((sub >> 1) << 5);
      const shift = (sub & 1) * 4;
      for (let i = 0; i < 32; i++) {
        out[to + sub * 32 + i] = scale * (((bytes[codes + i] as number) >> shift) & 15) - minimum;
      }
    }
  },
  Q5_K: (bytes, at, out, to, half) => {
    const [d, dmin] = [half(at), half(at + 2)];
    for (let sub = 0; sub < 8; sub++) {
      const scale = d * scaleOfQ4(bytes, at + 4, sub);
      const minimum = dmin * minimumOfQ4(bytes, at + 4, sub);
      const codes = at + 48 + ((sub >> 1) << 5);
      const shift = (sub & 1) * 4;
      for (let i = 0; i < 32; i++) {
        const high = ((bytes[at + 16 + i] as number) >> sub) & 1;
        out[to + sub * 32 + i] = scale * ((((bytes[codes + i] as number) >> shift) & 15) | (high << 4)) - minimum;
      }
    }
  },
  Q6_K: (bytes, at, out, to, half) => {
    const d = half(at + 208);
    for (let i = 0; i < 256; i++) {
      const [part, lane, row] = [i >> 7, i & 31, (i >> 5) & 3];
      const low = ((bytes[at + part * 64 + ((row & 1) << 5) + lane] as number) >> ((row >> 1) * 4)) & 15;
      const high = ((bytes[at + 128 + part * 32 + lane] as number) >> (row * 2)) & 3;
      const scale = ((bytes[at + 192 + (i >> 4)] as number) << 24) >> 24;
      out[to + i] = d * scale * ((low | (high << 4)) - 32);
    }
  },
};

/** Eight 6-bit scales and eight 6-bit minima in twelve bytes: the upper four keep their top bits in the first eight bytes. */
const scaleOfQ4 = (bytes: Uint8Array, at: number, sub: number): number =>
  sub < 4
    ? (bytes[at + sub] as number) & 63
    : ((bytes[at + 4 + sub] as number) & 15) | (((bytes[at + sub - 4] as number) >> 6) << 4);

const minimumOfQ4 = (bytes: Uint8Array, at: number, sub: number): number =>
  sub < 4
    ? (bytes[at + 4 + sub] as number) & 63
    : ((bytes[at + 4 + sub] as number) >> 4) | (((bytes[at + sub] as number) >> 6) << 4);

/** Sixteen 6-bit scales in twelve bytes: four low bits in the first eight, two high bits in the last four. */
const scaleOfQ3 = (bytes: Uint8Array, at: number, sub: number): number =>
  (((bytes[at + (sub & 7)] as number) >> (sub < 8 ? 0 : 4)) & 15) |
  ((((bytes[at + 8 + (sub & 3)] as number) >> ((sub >> 2) * 2)) & 3) << 4);
