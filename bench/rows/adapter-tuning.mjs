// C6: LoRA over a bf16 base against transformers + peft. C7: QLoRA against our own LoRA, and what its base takes.
import { compare, rowOf, work } from '../training.mjs';

export const rows = ['C6', 'C7'];

const variants = [
  ['lora', { method: 'lora', bf16: true }],
  ['qlora', { method: 'qlora' }],
];

async function rowsOf(shape, words, samples) {
  const { ours, peer } = await compare(shape, variants, 'lora', samples);
  const { batch, length } = work[shape];
  const size = `${words}, ${batch} x ${length} tokens`;
  const [wide, narrow] = [ours.lora.detail, ours.qlora.detail];
  const weights = narrow.linearBytes / wide.linearBytes;
  // What the 4-bit base saves must be saved at the peak too: an expansion somewhere would eat it.
  const isSaved = wide.tensorPeak - narrow.tensorPeak >= 0.97 * (wide.linearBytes - narrow.linearBytes);
  const lora = rowOf('C6', `LoRA r16, all linears, ${size}, bf16 base`, ours.lora, peer, 'transformers + peft', {
    least: 1.7,
    bar: '>= 1.7x tokens/s',
  });
  const qlora = rowOf('C7', `QLoRA r16, all linears, ${size}`, ours.qlora, ours.lora, 'our bf16 LoRA', {
    least: 0.9,
    also: () => weights <= 0.27 && isSaved,
    bar: '>= 0.9x tokens/s, linear weights <= 0.27x of bf16, saved at the peak too',
  });
  return [lora, { ...qlora, detail: { ...qlora.detail, weight_ratio: weights } }];
}

export async function run() {
  return [...(await rowsOf('S0', '125 M shape', 5)), ...(await rowsOf('S1', '1.1 G shape', 3))];
}
