// Trains and serves a model and prints the digests of everything that came out. Run by threads.test.ts in processes of their own.
import { createHash } from 'node:crypto';
import { Engine, greedy } from '@hone/engine';
import { loadAdapter, loadModel } from '@hone/models';
import { datasetOf, sft, trainingSettings } from '@hone/recipes';
import { init } from '@hone/tensor';

const [source, adapterFolder] = process.argv.slice(2);
const { threads } = init();
const digests = { threads: `${threads}` };
const note = (name, ...arrays) => {
  const hash = createHash('sha256');
  for (const array of arrays) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  digests[name] = hash.digest('hex');
};

const tokens = (row) => Array.from({ length: 20 + 9 * row }, (_, at) => 10 + ((row * 131 + at * 37) % 500));
const train = datasetOf(Array.from({ length: 8 }, (_, row) => ({ tokens: tokens(row) })));
const common = { per_device_train_batch_size: 4, max_steps: 3, learning_rate: 1e-3 };

async function learn(name, options, settings) {
  const model = loadModel(source, options);
  const adapter = options.isTrainable ? undefined : loadAdapter(adapterFolder, model);
  const losses = [];
  const observer = { onStep: ({ loss, gradNorm }) => losses.push(loss, gradNorm) };
  await sft({ model, source, adapter, train, settings, observer });
  const values = adapter ? [adapter.arena.values] : Object.values(model.arenas).map((arena) => arena.values);
  note(`${name} losses`, Float64Array.from(losses));
  note(`${name} weights`, ...values.map((tensor) => tensor.floats()));
  adapter?.free();
  model.free();
}

function serve(format) {
  const model = loadModel(source, { format });
  const engine = new Engine(model, {});
  const asked = [5, 40, 90].map((length, index) =>
    engine.submit({ ids: tokens(8 + index).slice(0, length), sampling: greedy, tokensMax: 12, stopTokens: new Set() }),
  );
  while (!engine.isIdle) engine.step();
  note(`${format} answers`, Int32Array.from(asked.flatMap(({ tokens: all }) => all)));
  engine.free();
}

await learn('full', { isTrainable: true }, trainingSettings(common, 'full'));
for (const format of ['f32', 'bf16', 'nf4']) {
  await learn(`${format} adapter`, { format }, trainingSettings({ ...common, lora_r: 8 }, 'lora'));
  serve(format);
}
process.stdout.write(JSON.stringify(digests));
