// Does each run of a list in this process, one after the other, and prints what was planned for it, what the process took and what it
// had before. Started by memory-plan.test.ts, with --expose-gc. Linux counts the peak (VmHWM), and begins anew where clear_refs is told 5.
import { readFileSync, writeFileSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { Engine, greedy } from '@hone/engine';
import { loadModel } from '@hone/models';
import { datasetOf, estimateMemory, estimateServing, prepareTraining, sft, trainingSettings } from '@hone/recipes';
import { releaseCache } from '@hone/tensor';

const loads = JSON.parse(process.argv[2]);

const bytesOf = (name) =>
  1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]);

/** The pages of V8's heap, which grows and shrinks with the code that runs and the garbage that nobody has asked for yet. */
const heapBytes = () => getHeapStatistics().total_physical_size;

/** Tokens that differ, so that experts get theirs and no step is a copy of another. */
const row = (at, tokens) => Int32Array.from({ length: tokens }, (_, place) => (at * 131 + place * 37) % 1000);

const training = ({ folder, method, args, rows, tokens }) => {
  const settings = trainingSettings({ ...args, per_device_train_batch_size: rows, max_steps: 1 }, method);
  const load = () => prepareTraining(folder, settings);
  const run = async ({ model, adapter }) => {
    const train = datasetOf(Array.from({ length: rows }, (_, at) => ({ tokens: row(at, tokens) })));
    await sft({ model, adapter, source: folder, train, settings });
  };
  const free = ({ model, adapter }) => [model, adapter].forEach((part) => part?.free());
  return { planned: estimateMemory(folder, settings, tokens).processBytes, load, run, free };
};

const serving = ({ folder, format, sequences, length }) => {
  const load = () => {
    const model = loadModel(folder, { format });
    const kvBytesMax = sequences * Math.ceil(length / 16) * model.kvBytesPerPage(16);
    return { model, engine: new Engine(model, { sequencesMax: sequences, stepTokensMax: 256, kvBytesMax }) };
  };
  const run = ({ engine }) => {
    for (let at = 0; at < sequences; at++) {
      engine.submit({ ids: row(at, length - 4), sampling: greedy, tokensMax: 4 });
    }
    while (!engine.isIdle) engine.step();
  };
  const free = ({ engine, model }) => [engine, model].forEach((part) => part.free());
  return { planned: estimateServing(folder, { format, sequences, length }).processBytes, load, run, free };
};

/** Nothing of an earlier load is left: no tensor, no workspace, and no JavaScript that nobody can reach. */
function settle() {
  releaseCache();
  globalThis.gc();
  globalThis.gc();
}

async function measure(load) {
  const made = load.method ? training(load) : serving(load);
  settle();
  writeFileSync('/proc/self/clear_refs', '5');
  const before = bytesOf('VmRSS');
  const heapBefore = heapBytes();
  const parts = made.load();
  // What reading the files left behind is JavaScript's, which collects it when it likes; a plan is about tensors.
  globalThis.gc();
  await made.run(parts);
  const taken = bytesOf('VmHWM') - before - (heapBytes() - heapBefore);
  made.free(parts);
  return { planned: made.planned, taken, before };
}

// The first time code runs, the process grows by the code: that is no part of a load.
await measure(loads[0]);
for (const load of loads) console.log(JSON.stringify(await measure(load)));
