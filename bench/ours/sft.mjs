// Our side of the SFT row: LoRA (or QLoRA) steps of a shape on random weights and tokens; prints one JSON object.
// node bench/ours/sft.mjs <model folder> <lora|qlora> <batch> <length> <steps>
import { loadModel } from '@hone/models';
import { LoraAdapter } from '@hone/nn';
import { datasetOf, prepareTraining, sft, trainingSettings } from '@hone/recipes';
import { init } from '@hone/tensor';

const [folder, method = 'lora', batch = '4', length = '256', steps = '4'] = process.argv.slice(2);
const rows = Number(batch) * (Number(steps) + 1);
const tokens = (row) => Int32Array.from({ length: Number(length) }, (_, at) => (row * 7919 + at * 104729) % 32000);
const settings = trainingSettings(
  {
    per_device_train_batch_size: Number(batch),
    max_steps: Number(steps) + 1,
    learning_rate: 2e-4,
  },
  method === 'qlora' ? 'qlora' : 'lora',
);
const { isa, threads } = init();
const { model, adapter } = method === 'qlora' ? prepareTraining(folder, settings) : bf16Base(folder, settings);
const times = [];
let last = performance.now();
await sft({
  model,
  adapter,
  source: folder,
  train: datasetOf(Array.from({ length: rows }, (_, row) => ({ tokens: tokens(row) }))),
  settings,
  observer: {
    onStep: () => {
      const now = performance.now();
      times.push((now - last) / 1000);
      last = now;
    },
  },
});
const measured = times.slice(1).sort((a, b) => a - b);
const seconds = measured[Math.floor(measured.length / 2)];
console.log(
  JSON.stringify({
    tokens_per_second: (Number(batch) * Number(length)) / seconds,
    peak_bytes: process.resourceUsage().maxRSS * 1024,
    isa,
    threads,
  }),
);

/** LoRA over a bf16 base, as the peer holds it. */
function bf16Base(source, { lora, seed }) {
  const base = loadModel(source, { format: 'bf16' });
  return { model: base, adapter: LoraAdapter.initial(lora, base.modules, seed, base.fingerprint.digest) };
}
