// C5: full fine-tuning (bf16 weights, f32 gradients, 8-bit moments) against the faster of transformers' bf16 and f32 loops.
import { compare, rowOf } from '../training.mjs';

export const rows = ['C5'];

export async function run() {
  const { ours, peer } = await compare(
    'S0',
    [['full', { method: 'full', bf16: true, optim: 'adamw_8bit' }]],
    'full',
    5,
  );
  const memory = peer && ours.full.detail.peakBytes / peer.detail.peakBytes;
  const row = rowOf(
    'C5',
    'full fine-tune, 125 M shape, 4 x 256 tokens, bf16 weights, 8-bit moments',
    ours.full,
    peer,
    'transformers',
    {
      least: 1.4,
      also: () => memory <= 0.7,
      bar: '>= 1.4x tokens/s, <= 0.7x peak memory',
    },
  );
  return [{ ...row, detail: { ...row.detail, memory_ratio: memory } }];
}
