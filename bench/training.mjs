// What the training rows share: tokens per second and peak memory of the process, ours and the peers' in turn.
// Each contender is a process of its own that stays alive, so that a peak belongs to one configuration.
import { join } from 'node:path';
import { shapes } from './shapes.mjs';
import { Contender } from './protocol/contender.mjs';
import { interleave } from './protocol/interleave.mjs';
import { randomModels } from './protocol/random-models.mjs';
import { peers } from './peers/environment.mjs';

/** Batch and length of a step; the large shape takes one row, so that the peer's step stays within seconds. */
export const work = { S0: { batch: 4, length: 256 }, S1: { batch: 1, length: 256 } };

/** Ours in each of the given variants, then the peer in each dtype, sample by sample. */
export async function compare(shape, variants, peerMethod, samples) {
  const models = randomModels();
  const contenders = [];
  const add = (name, command, args) => {
    const contender = new Contender(name, command, args);
    contenders.push(contender);
    return contender;
  };
  try {
    const folder = models.base(shape);
    const { batch, length } = work[shape];
    const sides = variants.map(([name, request]) => [
      add(name, process.execPath, [join(import.meta.dirname, 'ours/train.mjs')]),
      { case: 'step', folder, batch, length, calls: 1, ...request },
    ]);
    const python = peerMethod === undefined ? undefined : peers();
    const dtypes = python === undefined ? [] : shape === 'S0' ? ['bfloat16', 'float32'] : ['bfloat16'];
    for (const dtype of dtypes) {
      const request = { case: 'step', config: shapes[shape], method: peerMethod, dtype, batch, length, calls: 1 };
      sides.push([add(dtype, python, [join(import.meta.dirname, 'peers/train.py')]), request]);
    }
    const found = await interleave(sides, { samples });
    const figures = found.map((result) => ({ ...result, rate: (batch * length) / result.seconds }));
    const ours = Object.fromEntries(variants.map(([name], index) => [name, figures[index]]));
    for (const [name, { error }] of Object.entries(ours)) if (error !== undefined) throw new Error(`${name}: ${error}`);
    return { ours, peer: bestPeer(figures.slice(variants.length)) };
  } finally {
    await Promise.all(contenders.map((contender) => contender.close()));
    models.close();
  }
}

/** The faster of the peer's precisions; undefined where none of them ran. */
const bestPeer = (figures) => figures.filter(({ error }) => error === undefined).sort((a, b) => b.rate - a.rate)[0];

const described = ({ rate, seconds, p10, p90, detail }) => ({ rate, seconds, p10, p90, ...detail });

/** One row of a comparison; `holds` says what the bar asks besides the rate. */
export const rowOf = (row, workload, ours, peer, peerName, { least, also = () => true, bar }) => ({
  row,
  workload,
  unit: 'tokens/s',
  ours: ours.rate,
  peer: peer?.rate,
  peer_name: peer === undefined ? 'not to be had here' : `${peerName}, ${peer.detail.dtype}`,
  bar,
  pass: peer === undefined ? undefined : ours.rate >= least * peer.rate && also(),
  detail: { ours: described(ours), ...(peer === undefined ? {} : { peer: described(peer) }) },
});
