// Goal: a decode step on a card is no more kernels than it is meant to be. At some 1.3 us a node of a graph, those between the products
// weigh as much as the products of a small model. Method: what two more layers add to a step, on the emulated card.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { Engine, greedy } from '@hone/engine';
import { loadModel, type BaseFormat } from '@hone/models';
import { cardCounters, useDevice } from '@hone/tensor';
import { openEmulatedCard, writeRandomModel } from '@hone/testkit';

const describeCard = openEmulatedCard() ? describe : describe.skip;
const folder = mkdtempSync(join(tmpdir(), 'hone-card-launches-'));
afterEach(() => void useDevice('cpu'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Launches of one decode step of `sequences` sequences, composed op by op: a graph has a node for each. */
async function launchesOf(layers: number, format: BaseFormat, sequences: number): Promise<number> {
  const path = join(folder, `model-${layers}`);
  await writeRandomModel(path, { seed: 5, hiddenSize: 64, layers, contextLength: 64 });
  useDevice('cuda');
  const model = loadModel(path, { format });
  const engine = new Engine(model, { blockSize: 4, kvBytesMax: 2 ** 20, sequencesMax: 8, isCaptured: false });
  try {
    for (let i = 0; i < sequences; i++) {
      engine.submit({ ids: [3 + i, 4, 5], sampling: greedy, tokensMax: 4, stopTokens: new Set() });
    }
    engine.step();
    const before = cardCounters().launches;
    engine.step();
    return cardCounters().launches - before;
  } finally {
    engine.free();
    model.free();
  }
}

describeCard('a decoder layer in a decode step', () => {
  it.each(['bf16', 'nf4'] as const)('is 9 launches: %s', async (format) => {
    // Sum and norm; q, k, v; rotation with the keys' and values' writing; attention over pages and its joining; output; sum and
    // norm; gate and up; SwiGLU; down.
    for (const sequences of [1, 8]) {
      const [few, many] = [await launchesOf(1, format, sequences), await launchesOf(3, format, sequences)];
      expect((many - few) / 2).toBe(9);
    }
  });
});
