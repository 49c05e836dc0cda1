// Goal: what a base takes of a GPU is known before it is read, the cache of keys and values takes what is left, and what cannot fit is
// refused with its parts and a remedy. Method: the plan, counted on `null-cuda`, beside what the same engine took of the emulated card.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoneError } from '@hone/base';
import { Engine, fitOnCard, greedy, type CardFit } from '@hone/engine';
import { loadModel } from '@hone/models';
import { memoryStats, resetPeak, useDevice } from '@hone/tensor';
import { openEmulatedCard, writeRandomModel } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const describeCard = openEmulatedCard() ? describe : describe.skip;
const folder = mkdtempSync(join(tmpdir(), 'hone-card-fit-'));
const options = { blockSize: 4, sequencesMax: 32, stepTokensMax: 32, adaptersMax: 2 };
const mebibyte = 2 ** 20;

beforeAll(() => writeRandomModel(folder, { seed: 5, hiddenSize: 64, layers: 2, contextLength: 64 }));
afterAll(() => {
  for (const device of ['cpu', 'cuda', 'null-cuda'] as const) expect(memoryStats(device).liveTensors).toBe(0);
  rmSync(folder, { recursive: true });
});

const fit = (budgetBytes: number, bases = 1, kvBytesMax?: number): CardFit =>
  fitOnCard(folder, { format: 'bf16' }, kvBytesMax === undefined ? options : { ...options, kvBytesMax }, {
    budgetBytes,
    bases,
  });

const sum = (parts: CardFit['parts']): number => Object.values(parts).reduce((all, bytes) => all + bytes, 0);

function refusalOf(run: () => unknown): HoneError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof HoneError) return thrown;
  }
  throw new Error('expected a refusal');
}

describe('the plan of a base on a card', () => {
  let fixed: number;
  let whole: number;
  beforeAll(() => {
    const kvBytesMax = 64 * 1024;
    fixed = sum(fit(1024 * mebibyte, 1, kvBytesMax).parts) - 32 * mebibyte - kvBytesMax;
    whole = fit(1024 * mebibyte).parts.kvPages;
  });

  it('gives the pool no more pages than all sequences and adapters can use', () => {
    const model = loadModel(folder, { format: 'bf16' });
    const perPage = model.kvBytesPerPage(options.blockSize);
    // 32 sequences of 16 pages of 4 tokens; two adapters of rank 16, whose fuller side lies on pages of one layer.
    const { kvHeads, headDim } = model.shape;
    const sides = ['inFeatures', 'outFeatures'] as const;
    const [first = []] = model.moduleLayers;
    const fuller = Math.max(...sides.map((side) => first.reduce((sum, module) => sum + 16 * module[side], 0)));
    const perAdapter = Math.ceil(fuller / (kvHeads * 4 * headDim));
    model.free();
    expect(whole).toBe(perPage * (32 * 16 + 2 * perAdapter));
    expect(fit(4096 * mebibyte, 3).parts.kvPages).toBe(whole);
  });

  it('gives adapters nothing where there are to be none', () => {
    const model = loadModel(folder, { format: 'bf16' });
    const perPage = model.kvBytesPerPage(options.blockSize);
    model.free();
    const { parts } = fitOnCard(
      folder,
      { format: 'bf16' },
      { ...options, adaptersMax: 0 },
      { budgetBytes: 1024 * mebibyte, bases: 1 },
    );
    expect(parts.kvPages).toBe(perPage * 32 * 16);
  });

  it('gives them what is left, in equal parts for the bases that may come', () => {
    const budget = Math.floor(((fixed + whole / 2) * 32) / 31);
    for (const bases of [1, 2]) {
      const { kvPages } = fit(budget, bases).parts;
      expect(Math.abs(kvPages - whole / 2 / bases)).toBeLessThan(64);
    }
    expect(sum(fit(budget).parts)).toBeLessThanOrEqual(budget);
  });

  it('refuses a cache that does not fit, and says which would', () => {
    const budget = Math.floor(((fixed + 2 * mebibyte) * 32) / 31);
    const { kind, code, message, details } = refusalOf(() =>
      fitOnCard(
        folder,
        { format: 'bf16' },
        { ...options, sequencesMax: 4096, kvBytesMax: 64 * mebibyte },
        { budgetBytes: budget, bases: 1 },
      ),
    );
    expect([kind, code]).toEqual(['refusal', 'out_of_memory']);
    expect(message).toContain('kvPages 64 MiB');
    expect(message).toMatch(/fix: .*int8 or nf4 \(HONE_SERVING_WEIGHTS\)/);
    expect(details).toMatchObject({ limitBytes: budget, parts: { kvPages: 64 * mebibyte } });
  });

  it('refuses weights that leave nothing for one prompt', () => {
    expect(refusalOf(() => fit(1024)).message).toMatch(
      /^\[serving\] expected at most 1 MiB of the GPU for .* but received weights /,
    );
  });
});

describeCard('an engine on a card', () => {
  it('takes what the plan says', () => {
    const { parts } = fit(1024 * mebibyte);
    useDevice('cuda');
    resetPeak();
    const model = loadModel(folder, { format: 'bf16' });
    expect(memoryStats().liveBytes).toBe(parts.weights);
    const engine = new Engine(model, { ...options, kvBytesMax: parts.kvPages });
    expect(engine.kvBytes).toBe(parts.kvPages);
    const ids = Int32Array.from({ length: 32 }, (_, at) => 3 + at);
    const sampling = { ...greedy, presencePenalty: 1 };
    for (const scoreFrom of [undefined, 0]) {
      engine.submit({ ids, sampling, tokensMax: 2, stopTokens: new Set(), scoreFrom });
      while (!engine.isIdle) engine.step();
    }
    // But for the rounding of a list.
    const planned = parts.weights + parts.steps + parts.kvPages;
    expect(memoryStats().peakBytes).toBeLessThanOrEqual(planned);
    expect(memoryStats().peakBytes).toBeGreaterThan(planned - 256);
    engine.free();
    model.free();
    useDevice('cpu');
  });
});
