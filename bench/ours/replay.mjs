// Our side of the replay: token ids in, token ids out, through the engine, its scheduler and its plans, on the device of HONE_DEVICE.
// Standard input: { shape, format, limits, adapter?: folder, runs: [{ name, requests, adapters }] }; a line of figures for each run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TextEngine, greedy } from '@hone/engine';
import { loadModel } from '@hone/models';
import { chooseDevice, init, memoryStats } from '@hone/tensor';
import { Tokenizer } from '@hone/text';
import { root } from '../../tools/workspace.mjs';
import { figuresOf } from '../protocol/replay.mjs';
import { repeatedModel } from './repeated-model.mjs';

const { shape, format, limits, adapter: adapterFolder, runs } = JSON.parse(readFileSync(0, 'utf8'));
const sleeping = new Int32Array(new SharedArrayBuffer(4));
const { device, card } = chooseDevice();
init({ device });

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const seconds = (began) => (performance.now() - began) / 1000;

async function open() {
  const tokenizer = await Tokenizer.fromFolder(join(root, 'examples/hone-tiny'));
  const began = performance.now();
  const model = loadModel(repeatedModel(shape), { format });
  return { engine: new TextEngine({ model, tokenizer }, limits), loadSeconds: seconds(began) };
}

/** Seconds of every token of every request. A request is taken on when its time has come, between two steps. */
function replay({ engine, adapters }, requests) {
  const times = requests.map(() => []);
  const running = new Map();
  const order = [...requests.keys()].sort((a, b) => requests[a].at - requests[b].at);
  const began = performance.now();
  for (let next = 0; next < order.length || running.size > 0;) {
    for (; next < order.length && requests[order[next]].at <= seconds(began); next++) {
      const { ids, tokens, adapter: slot } = requests[order[next]];
      // As serving does: an adapter that made room for keys and values comes back.
      if (slot >= 0) adapters.load(String(slot), adapterFolder);
      const adapter = slot < 0 ? undefined : adapters.take(String(slot));
      const sequence = engine.submit({ ids, tokensMax: tokens, sampling: greedy, adapter });
      running.set(sequence, { index: order[next], adapter });
    }
    if (running.size === 0) {
      Atomics.wait(sleeping, 0, 0, Math.max(0, 1000 * (requests[order[next]].at - seconds(began))));
      continue;
    }
    const outputs = engine.step();
    const now = seconds(began);
    for (const { sequence, token, ending } of outputs) {
      const { index, adapter } = running.get(sequence);
      if (token !== undefined) times[index].push(now);
      if (ending === undefined) continue;
      running.delete(sequence);
      if (adapter) adapters.giveBack(adapter);
    }
  }
  return times;
}

const { engine: text, loadSeconds } = await open();
let loaded = 0;
for (const { name, requests, adapters } of runs) {
  const loads = [];
  for (; loaded < adapters; loaded++) {
    const began = performance.now();
    text.adapters.load(String(loaded), adapterFolder);
    loads.push(1000 * seconds(began));
  }
  const before = text.engine.stats;
  const figures = figuresOf(requests, replay(text, requests));
  const { steps, stepsReplayed, stepsComposed, preemptions } = text.engine.stats;
  tell({
    name,
    ...figures,
    loads,
    loadSeconds,
    device: card?.name ?? device,
    steps: steps - before.steps,
    replayed: stepsReplayed - before.stepsReplayed,
    // By the reason.
    composed: Object.fromEntries(
      Object.entries(stepsComposed).map(([why, count]) => [why, count - before.stepsComposed[why]]),
    ),
    preemptions: preemptions - before.preemptions,
    peakBytes: memoryStats().peakBytes,
  });
}
text.free();
