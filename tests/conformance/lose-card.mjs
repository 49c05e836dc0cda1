// A program of its own for card-lost.test.ts: trains on the card that HONE_CUDA_LIBRARY names until it is lost, then goes on from the
// last checkpoint wherever the same process may compute, and prints what happened as JSON.
import { LoraAdapter } from '@hone/nn';
import { datasetOf, listCheckpoints, prepareTraining, sft, trainingSettings } from '@hone/recipes';
import { chooseDevice, deviceLost, init, memoryStats } from '@hone/tensor';

const [source, outputDir] = process.argv.slice(2);
const train = datasetOf(
  Array.from({ length: 12 }, (_, row) => ({ tokens: Array.from({ length: 16 }, (__, i) => (row * 5 + i * 3) % 60) })),
);
const settings = trainingSettings({
  ...{ lora_r: 4, learning_rate: 1e-3, per_device_train_batch_size: 4, max_steps: 12 },
  ...{ save_strategy: 'steps', save_steps: 2 },
});

async function run() {
  const choice = chooseDevice('auto');
  init({ device: choice.device });
  const { model, adapter } = prepareTraining(source, settings);
  const resumeFrom = listCheckpoints(outputDir).at(-1)?.folder;
  const steps = [];
  const observer = { onStart: ({ startStep }) => steps.push(startStep), onStep: ({ step }) => steps.push(step) };
  try {
    const { status } = await sft({ model, source, adapter, train, settings, outputDir, resumeFrom, observer });
    return { ...choice, card: undefined, status, steps };
  } catch (thrown) {
    const { kind, code, message } = deviceLost(thrown) ?? { message: String(thrown) };
    return { ...choice, card: undefined, kind, code, message, steps };
  } finally {
    if (adapter instanceof LoraAdapter) adapter.free();
    model.free();
  }
}

const first = await run();
let refused;
try {
  chooseDevice('cuda');
} catch (thrown) {
  refused = thrown.code;
}
const second = await run();
console.log(JSON.stringify({ first, refused, second, left: memoryStats('cuda').liveTensors }));
