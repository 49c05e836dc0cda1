// Decode throughput of the engine by batch size and by adapters, in one thread of this process: no bus, no HTTP.
// node bench/serving-engine.mjs [model folder]. Ratios are taken within one run; absolute numbers belong to the machine.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { TextEngine } from '@hone/engine';
import { loadModel } from '@hone/models';
import { init } from '@hone/tensor';
import { writeRandomAdapter } from '@hone/testkit';
import { Tokenizer } from '@hone/text';

const folder = process.argv[2] ?? 'examples/hone-tiny';
const adaptersFolder = mkdtempSync(join(tmpdir(), 'hone-bench-'));
const tokensMax = 64;
const rounds = 5;

const { isa, threads } = init();
console.log(`${cpus()[0]?.model ?? 'unknown'}, ${isa}, ${threads} threads, ${folder}`);

async function open(format) {
  const tokenizer = await Tokenizer.fromFolder(folder);
  return new TextEngine({ model: loadModel(folder, { format }), tokenizer }, { adaptersMax: 64 });
}

/** Seconds for `batch` sequences that run together, over `adapters` adapters in turn (0 = the plain base). */
function seconds(engine, { batch, adapters }, round) {
  const logitBias = Object.fromEntries(engine.engine.model.shape.eosTokenIds.map((id) => [id, -100]));
  const sampling = { temperature: 0, topP: 1, topK: 0, minP: 0, presencePenalty: 0, frequencyPenalty: 0, stop: [] };
  for (let index = 0; index < batch; index++) {
    const input = { kind: 'text', prompt: [1, 10 + index, 20 + round], echo: false };
    const request = { id: `${index}`, input, n: 1, sampling: { ...sampling, logitBias, tokensMax } };
    engine.start({ ...request, adapter: adapters === 0 ? undefined : String(index % adapters) });
  }
  const started = performance.now();
  while (!engine.isIdle) engine.step();
  return (performance.now() - started) / 1000;
}

/** The best of several rounds in which the settings take turns: neighbours on the machine only ever slow one down. */
function measure(engine, settings) {
  const best = settings.map(() => Infinity);
  for (let round = 0; round < rounds; round++) {
    for (const [at, setting] of settings.entries()) best[at] = Math.min(best[at], seconds(engine, setting, round));
  }
  return settings.map(({ batch }, at) => (batch * tokensMax) / best[at]);
}

const settings = [
  ...[1, 2, 4, 8, 16, 32].map((batch) => ({ batch, adapters: 0 })),
  ...[1, 2, 8].map((adapters) => ({ batch: 32, adapters })),
];
const rows = [];
for (const format of ['f32', 'bf16', 'nf4']) {
  const engine = await open(format);
  for (let index = 0; index < 8; index++) {
    const path = join(adaptersFolder, String(index));
    if (format === 'f32') await writeRandomAdapter(folder, path, index);
    engine.adapters.load(String(index), path);
  }
  const speeds = measure(engine, settings);
  const alone = speeds[settings.findIndex(({ batch }) => batch === 32)];
  for (const [at, { batch, adapters }] of settings.entries()) {
    const ratio = adapters === 0 ? { 'of batch 1': speeds[at] / speeds[0] } : { 'of base': speeds[at] / alone };
    const rounded = Object.fromEntries(Object.entries(ratio).map(([name, value]) => [name, value.toFixed(2)]));
    rows.push({ format, batch, adapters, 'tokens/s': Math.round(speeds[at]), ...rounded });
  }
  engine.free();
}
console.table(rows);
rmSync(adaptersFolder, { recursive: true, force: true });
