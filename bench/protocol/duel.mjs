// Chats of one shape on both sides, in turn, A B B A, with medians of what each chat told.
import { join } from 'node:path';
import { median } from 'simple-statistics';
import { nodeLlamaCpp } from '../peers/node-llama-cpp.mjs';
import { Contender } from './contender.mjs';
import { randomModels } from './random-models.mjs';

const threads = 2;
const figures = ['prefill', 'decode', 'generated'];

/** Medians { ours, peer } of prefill, decode and generated tokens per second; `peer` is undefined where it cannot be had. */
export async function duel(shape, { streams, prompt, tokens, adapters = 0, headFormat = 'auto', samples = 5 }) {
  const models = randomModels();
  const request = { case: 'chat', calls: 1, streams, prompt, tokens };
  const sides = [];
  try {
    const paths = Array.from({ length: adapters }, (_, index) => models.adapter(shape, index));
    const hone = new Contender('hone', process.execPath, [join(import.meta.dirname, '../ours/chat.mjs')], { threads });
    sides.push([hone, { ...request, folder: models.base(shape), format: 'nf4', headFormat, adapters: paths }]);
    const library = nodeLlamaCpp();
    if (library !== undefined) {
      const script = join(import.meta.dirname, '../peers/llama-chat.mjs');
      const llama = new Contender('llama.cpp', process.execPath, [script, library], { threads });
      sides.push([llama, { ...request, file: models.gguf(shape) }]);
    }
    const [ours, peer] = await alternate(sides, samples);
    return { ours, peer };
  } finally {
    for (const [contender] of sides) await contender.close();
    models.close();
  }
}

async function alternate(sides, samples) {
  const found = sides.map(() => []);
  // One round unheard: loading and first touches belong to nobody.
  for (let round = 0; round <= samples; round++) {
    const order = [...sides.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const [contender, request] = sides[index];
      const { detail } = await contender.ask(request);
      if (round > 0) found[index].push(detail);
    }
  }
  return found.map((details) => ({
    ...Object.fromEntries(figures.map((figure) => [figure, median(details.map((detail) => detail[figure]))])),
    last: details.at(-1),
  }));
}
