// G9: a replay of 500 requests through the engine, all at once and at 32 a second, against transformers' continuous batching on the same
// device, one after the other. G10: the same with adapters. On a card with room for it the 8 B shape; else a tiny one, whose figures
// mean nothing. HONE_BENCH_CEILINGS gives what the card can do, {"GB/s", "TFLOP/s"}; tools/gpu-suite.sh measures it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseDevice } from '@hone/tensor';
import { median } from 'simple-statistics';
import { writeRandomAdapter } from '../ours/random-folder.mjs';
import { peers } from '../peers/environment.mjs';
import {
  answerTokens,
  bytesOf,
  drawnRequests,
  figuresOf,
  floorSeconds,
  promptTokens,
  rowsRead,
} from '../protocol/replay.mjs';
import { replayShapes } from '../shapes.mjs';

export const rows = ['G9', 'G10', 'G12'];

const rank = 16;
const large = {
  shape: 'S8',
  count: 500,
  adapters: [1, 8, 32, 128],
  limits: { sequencesMax: 256, stepTokensMax: 2048, kvBytesMax: 40e9, adaptersMax: 128 },
};
const tiny = {
  shape: 'tiny',
  count: 6,
  prompt: 9,
  answer: 5,
  adapters: [1, 2],
  limits: { sequencesMax: 4, stepTokensMax: 32, kvBytesMax: 4e6, adaptersMax: 2 },
};
const rateWanted = 32;
const atOnce = 'all at once';
const onTime = `${rateWanted} a second`;

/** The lines of a side, or why it has none. */
function linesOf(command, args, request, env = {}) {
  const options = {
    input: JSON.stringify(request),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env },
  };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status !== 0) return { why: error?.message ?? stderr.trim().split('\n').at(-1) };
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return { lines: new Map(lines.map((line) => JSON.parse(line)).map((line) => [line.name, line])) };
}

function ours(shape, { limits }, runs) {
  const folder = mkdtempSync(join(tmpdir(), 'hone-bench-adapter-'));
  try {
    writeRandomAdapter(shape, folder, 2, rank);
    const request = { shape, format: 'bf16', limits, adapter: folder, runs };
    const { lines, why } = linesOf(process.execPath, [join(import.meta.dirname, '../ours/replay.mjs')], request);
    if (lines === undefined) throw new Error(`our side of the replay ended: ${why}`);
    return lines;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The peer's figures by run; `why` where it has none. */
function theirs(shape, { limits }, runs) {
  const python = process.env['HONE_PYTHON'] ?? peers();
  if (python === undefined) return { why: 'not to be had here' };
  const request = { shape, sequencesMax: limits.sequencesMax, runs };
  const { lines, why } = linesOf(python, [join(import.meta.dirname, '../peers/replay.py')], request);
  if (lines === undefined) return { why };
  const figured = runs.map(({ name, requests }) => [
    name,
    { ...lines.get(name), ...figuresOf(requests, lines.get(name).times) },
  ]);
  const { version } = lines.get(atOnce);
  return { figures: new Map(figured), version };
}

/** Runs of all at once and of the wanted rate, then those with adapters; the first of each kind builds what the others use. */
function runsOf(shape, { count, prompt, answer, adapters }) {
  const run = (name, text, more = {}) => ({
    name,
    adapters: more.adapters ?? 0,
    requests: drawnRequests(shape, { count, prompt, answer, text, ...more }),
  });
  const short = { answer: Math.min(20, answer ?? 20) };
  const base = [run('warm-up', 0, short), run(atOnce, 1), run(onTime, 2, { rate: rateWanted })];
  const adapted = adapters.map((most, at) => run(`${most} adapters`, 4 + at, { adapters: most }));
  return { base, adapterWarmUp: run('adapter warm-up', 3, { ...short, adapters: 1 }), adapted };
}

export function run() {
  const { card } = chooseDevice();
  const settings = card !== undefined && card.totalBytes > 60e9 ? large : tiny;
  const shape = replayShapes[settings.shape];
  const { base, adapterWarmUp, adapted } = runsOf(shape, settings);
  const mine = ours(shape, settings, [...base, adapterWarmUp, ...adapted]);
  const peer = theirs(shape, settings, base);
  const judged = (row) => (settings === tiny ? { ...row, pass: undefined } : row);
  return [
    ...throughput(shape, settings, base, mine, peer),
    ...latencies(settings, mine, peer),
    ...withAdapters(shape, settings, adapted, mine),
    swapped(mine),
  ].map(judged);
}

const peerName = (peer) =>
  peer.figures ? `transformers ${peer.version}, continuous batching` : `transformers: ${peer.why}`;

function throughput(shape, { limits, shape: size }, base, mine, peer) {
  const ceilings = JSON.parse(process.env['HONE_BENCH_CEILINGS'] ?? 'null');
  const rates = ceilings && { ...limits, copy: ceilings['GB/s'], matrix: ceilings['TFLOP/s'] };
  return [atOnce, onTime].map((when) => {
    const { requests } = base.find((each) => each.name === when);
    const [own, other] = [mine.get(when), peer.figures?.get(when)];
    const floor = rates && when === atOnce ? floorSeconds(shape, requests, rates) : undefined;
    const mean = (sum) => Math.round(sum(requests) / requests.length);
    const lengths = `${mean(promptTokens)} in, ${mean(answerTokens)} out`;
    return {
      row: 'G9',
      workload: `replay of ${requests.length} requests, ${lengths}, ${when}, ${size} shape, bf16`,
      unit: 'tokens/s',
      ours: own.rate,
      peer: other?.rate,
      peer_name: peerName(peer),
      of_ceiling: floor && floor / own.seconds,
      bar: when === atOnce ? '>= 60 % of the floor of bytes and products' : undefined,
      pass: floor && floor / own.seconds >= 0.6,
      detail: { ceilings, floorSeconds: floor, ours: own, peer: other },
    };
  });
}

/** At the wanted rate, where waiting is what the user sees. */
function latencies({ count, shape: size }, mine, peer) {
  const [own, other] = [mine.get(onTime), peer.figures?.get(onTime)];
  const kinds = { ttft: 'time to the first token', itl: 'time between tokens' };
  return Object.entries(kinds).flatMap(([kind, words]) =>
    ['p50', 'p99'].map((share) => ({
      row: 'G9',
      workload: `${words}, ${share}, ${count} requests, ${onTime}, ${size} shape, bf16`,
      unit: 'ms',
      ours: own[kind][share],
      peer: other?.[kind][share],
      peer_name: peerName(peer),
      ratio: other && other[kind][share] / own[kind][share],
    })),
  );
}

/** What adapters cost against the same requests without: their bytes once a step, and 8 % (Punica's share, arXiv 2310.18547). */
function withAdapters(shape, { limits }, adapted, mine) {
  const { weights, token, adapter } = bytesOf(shape);
  return adapted.map(({ name, adapters, requests }) => {
    const step = weights + (limits.sequencesMax * token * rowsRead(requests)) / answerTokens(requests);
    const allowed = 1.08 + (Math.min(adapters, limits.sequencesMax) * adapter) / step;
    const ratio = mine.get(name).rate / mine.get(atOnce).rate;
    return {
      row: 'G10',
      workload: `the replay with ${adapters} adapters r${rank}, by Zipf's law`,
      unit: 'tokens/s',
      ours: mine.get(name).rate,
      peer: mine.get(atOnce).rate,
      peer_name: 'ours without adapters',
      bar: `ratio >= ${(1 / allowed).toFixed(3)}`,
      pass: ratio >= 1 / allowed,
      detail: { ours: mine.get(name) },
    };
  });
}

/** From the bytes of the file, which the system has in memory, into the place where requests find it. */
function swapped(mine) {
  const loads = [...mine.values()].flatMap((each) => each.loads);
  return {
    row: 'G12',
    workload: `an adapter r${rank} from its file into the engine`,
    unit: 'ms',
    ours: median(loads),
    bar: '<= 10 ms',
    pass: median(loads) <= 10,
    detail: { loads },
  };
}
