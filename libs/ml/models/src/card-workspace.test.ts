import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { cardWorkspaceBytes, readModelConfig } from './index.js';

const tiny = readModelConfig(join(import.meta.dirname, '../../../../tests/golden/families/llama3'));
const load = { tokens: 512, hasLoss: false, hasBf16Weights: true };
const blas = 32 * 2 ** 20;

it('holds the parts of rows that attention splits over a card, where they are more than what products take', () => {
  expect(cardWorkspaceBytes(tiny, { ...load, sequences: 64 })).toBe(blas);
  // The heads of an 8 B Llama: 80 lines of 8 key heads are two splits of 160 multiprocessors, and 131,072 keys are 120 units.
  const wide = { ...tiny, heads: 32, kvHeads: 8, headDim: 128, maxPositions: 131_072 };
  const parts = 4 * 80 * 32 * 120 * (128 + 2);
  expect(cardWorkspaceBytes(wide, { ...load, sequences: 64 })).toBe(parts + 4 * (512 + 64));
  expect(cardWorkspaceBytes(wide, { ...load, sequences: 16 })).toBe((parts * 32) / 80 + 4 * (512 + 64));
  expect(cardWorkspaceBytes({ ...wide, maxPositions: 4096 }, { ...load, sequences: 64 })).toBe(blas);
  // A trainer has no pages.
  expect(cardWorkspaceBytes(wide, load)).toBe(blas);
});
