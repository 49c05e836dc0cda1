// Goal: what a run takes is known before it starts. Method: the plan of the null device against the memory that the same run
// took on the real one, over a grid of methods, formats, batches, lengths and ways to recompute.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStats, releaseCache, resetPeak } from '@hone/tensor';
import { writeInitialModel } from '@hone/models';
import {
  datasetOf,
  estimateMemory,
  fitMemory,
  planRun,
  planServing,
  prepareTraining,
  sft,
  trainingSettings,
} from '../index.js';
import { moreMemory } from './memory-limit.js';
import { remediesOf } from './remedies.js';

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 512,
  hidden_size: 128,
  intermediate_size: 384,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 256,
  eos_token_id: 1,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-memory-'));
  writeInitialModel(config, folder, 3);
});
afterEach(() => expect(memoryStats().liveBytes).toBe(0));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const methods: Record<string, Record<string, unknown>> = {
  full: { use_peft: false },
  'full bf16, 8-bit moments': { use_peft: false, bf16: true, optim: 'adamw_8bit' },
  lora: { lora_r: 8 },
  'lora bf16': { lora_r: 8, bf16: true },
  qlora: { lora_r: 8, load_in_4bit: true },
};
const recomputes: Record<string, Record<string, unknown>> = {
  'nothing computed again': {},
  'cheap ops computed again': { recompute_granularity: 'selective' },
  'layers computed again': { gradient_checkpointing: true },
};
const batches = [
  [1, 200],
  [4, 64],
] as const;

const grid = Object.entries(methods).flatMap(([method, args]) =>
  Object.entries(recomputes).flatMap(([recompute, more]) =>
    batches.map(([rows, tokens]) => ({
      name: `${method}, ${rows} x ${tokens}, ${recompute}`,
      args: { ...args, ...more },
      rows,
      tokens,
    })),
  ),
);

describe('a plan', () => {
  it('is made for a grid of at least 24 configurations', () => expect(grid.length).toBeGreaterThanOrEqual(24));

  it.each(grid)('of $name is what the run takes', async ({ args, rows, tokens }) => {
    const settings = trainingSettings({ ...args, per_device_train_batch_size: rows, max_steps: 2 });
    const planned = estimateMemory(folder, settings, tokens);
    releaseCache();
    resetPeak();
    const { model, adapter } = prepareTraining(folder, settings);
    const train = datasetOf(
      Array.from({ length: 2 * rows }, (_, row) => ({
        tokens: Int32Array.from({ length: tokens }, (_, at) => (row * 7 + at * 3) % 512),
      })),
    );
    await sft({ model, source: folder, adapter, train, settings });
    const { peakBytes, reservedBytes } = memoryStats();
    adapter?.free();
    model.free();
    expect(planned.peakBytes).toBe(peakBytes);
    expect(planned.processBytes - planned.parts.workspace).toBe(reservedBytes);
    const { weights, gradients, optimizer, activations, workspace, gaps } = planned.parts;
    expect(weights + gradients + optimizer + activations + workspace + gaps).toBe(planned.processBytes);
  });
});

describe('a run that is too large', () => {
  const settings = trainingSettings({ lora_r: 4, per_device_train_batch_size: 4 });
  const takes = (change: Partial<typeof settings>) =>
    estimateMemory(folder, { ...settings, ...change }, 200).processBytes;

  it('stays as it is when it fits', () => {
    expect(fitMemory(folder, settings, 200, 1 << 30)).toMatchObject({ remedies: [], settings, change: {} });
  });

  it('gets the first remedy that suffices by itself, with the same effective batch', () => {
    const halved = fitMemory(folder, settings, 200, takes({ batchUnits: 2 }));
    expect(halved.remedies.map(({ words }) => words)).toEqual([
      'per_device_train_batch_size = 2, gradient_accumulation_steps = 2',
    ]);
    expect(halved.settings.batchUnits * halved.settings.accumulationSteps).toBe(4);
    const single = fitMemory(folder, { ...settings, batchUnits: 1 }, 200, takes({ batchUnits: 1, recompute: 'cheap' }));
    expect(single.remedies.map(({ name }) => name)).toEqual(['recompute-cheap']);
  });

  it('gets as many as it needs when none suffices', () => {
    const least = takes({ batchUnits: 1, recompute: 'layers', method: 'qlora' });
    expect(takes({ batchUnits: 1, recompute: 'layers', method: 'qlora', optimizer: 'adamw8bit' })).toBeLessThan(least);
    const { remedies, estimate } = fitMemory(folder, settings, 200, least);
    expect(remedies.map(({ name }) => name)).toEqual(['micro-batch', 'recompute-layers', 'base-4bit']);
    expect(estimate.processBytes).toBe(least);
  });

  it('is not told to take four bits where NF4 cannot hold the base', () => {
    const narrow = mkdtempSync(join(tmpdir(), 'hone-narrow-'));
    writeInitialModel({ ...config, intermediate_size: 96 }, narrow, 3);
    const full = trainingSettings({ per_device_train_batch_size: 1 }, 'full');
    expect(() => fitMemory(narrow, full, 16, 1000)).toThrow('a smaller model');
    expect(() => fitMemory(narrow, settings, 200, 1000)).toThrow('a smaller model');
    expect(() => estimateMemory(narrow, { ...settings, method: 'qlora' }, 200)).toThrow('multiple of 64 for NF4');
    rmSync(narrow, { recursive: true });
  });

  it('is refused with the smaller choice that would fit', () => {
    const least = takes({ batchUnits: 1, recompute: 'layers', method: 'qlora', optimizer: 'adamw8bit' });
    expect(() => fitMemory(folder, settings, 200, least - 1)).toThrow('max_length = 100 would fit');
    expect(() => fitMemory(folder, settings, 200, 1000)).toThrow('a smaller model');
  });
});

describe('a plan of more than can be counted in seconds', () => {
  it('is refused at once, with what can be', () => {
    const rows = { per_device_train_batch_size: 65_536 };
    const long = { ...config, max_position_embeddings: 131_072 };
    const place = mkdtempSync(join(tmpdir(), 'hone-long-'));
    writeInitialModel(long, place, 3);
    expect(() => planRun(place, { method: 'lora', arguments: rows })).toThrow('33554432 tokens in all');
    rmSync(place, { recursive: true, force: true });
    expect(() => planServing(folder, { sequences: 1e9 })).toThrow('at most 65536 rows');
    expect(() => planServing(folder, { sequences: 2, length: 1e9 })).toThrow('536870912 tokens in all');
  });
});

describe('a limit of memory', () => {
  const before = process.env['HONE_CUDA_MEMORY'];
  afterEach(() => {
    if (before === undefined) delete process.env['HONE_CUDA_MEMORY'];
    else process.env['HONE_CUDA_MEMORY'] = before;
  });

  it('is raised by HONE_CUDA_MEMORY where that is what bounds a run', () => {
    process.env['HONE_CUDA_MEMORY'] = '6000000';
    expect(moreMemory('cuda')).toBe('more of the GPU (HONE_CUDA_MEMORY)');
    expect(moreMemory('cpu')).toBeUndefined();
    delete process.env['HONE_CUDA_MEMORY'];
    expect(moreMemory('cuda')).toBeUndefined();
  });
});

describe('a plan for a card', () => {
  const settings = trainingSettings({ lora_r: 8, bf16: true, per_device_train_batch_size: 4 });

  it('counts activations in bf16 and the scratch memory of its own kernels', () => {
    const [onProcessor, onCard] = [
      estimateMemory(folder, settings, 200),
      estimateMemory(folder, settings, 200, 'cuda'),
    ];
    expect(onCard.parts.activations / onProcessor.parts.activations).toBeGreaterThan(0.45);
    expect(onCard.parts.activations / onProcessor.parts.activations).toBeLessThan(0.75);
    expect(onCard.parts.workspace).toBeGreaterThan(32 * 2 ** 20);
    expect(onCard.processBytes).toBeGreaterThan(onCard.peakBytes + onCard.parts.workspace - 1);
  });

  it('computes what is cheap again before it cuts a batch, and whole layers last', () => {
    const takes = (change: object) => estimateMemory(folder, { ...settings, ...change }, 200, 'cuda').processBytes;
    const fitted = (change: object) => fitMemory(folder, settings, 200, takes(change), 'cuda').change;
    expect(fitted({})).toEqual({});
    expect(fitted({ recompute: 'cheap' })).toEqual({ recompute: 'cheap' });
    expect(fitted({ batchUnits: 2 })).toEqual({ batchUnits: 2, accumulationSteps: 2 });
    const single = { ...settings, batchUnits: 1 };
    const layers = estimateMemory(folder, { ...single, recompute: 'layers' }, 200, 'cuda').processBytes;
    expect(fitMemory(folder, single, 200, layers, 'cuda').change).toEqual({ recompute: 'layers' });
  });

  it('lets activations and moments wait on the host before it rounds anything', () => {
    const single = { ...settings, batchUnits: 1 };
    const bytes = (change: object) => estimateMemory(folder, { ...single, ...change }, 200, 'cuda').processBytes;
    const offloaded = { recompute: 'layers', isOffloaded: true } as const;
    expect(bytes(offloaded)).toBeLessThan(bytes({ recompute: 'layers' }));
    const fitted = fitMemory(folder, single, 200, bytes(offloaded), 'cuda');
    expect(fitted.change).toEqual(offloaded);
    expect(fitted.remedies.map(({ words }) => words)).toEqual(['activation_offloading = true']);
    expect(remediesOf(single, true, 'cuda').map(({ name }) => name)).toEqual([
      'recompute-cheap',
      'recompute-layers',
      'recompute-offload',
      'optimizer-paged',
      'base-4bit',
      'optimizer-8bit',
    ]);
    expect(remediesOf({ ...single, ...offloaded, isPaged: true }, false, 'cuda').map(({ words }) => words)).toEqual([
      'optim = paged_adamw_8bit',
    ]);
  });

  it('holds a 4-bit base unpacked where memory allows', () => {
    const load = { method: 'qlora', arguments: { load_in_4bit: true }, rowTokens: 64, device: 'cuda' } as const;
    const roomy = planRun(folder, { ...load, limitBytes: 2 ** 40 });
    expect(roomy).toMatchObject({ change: { isUnpacked: true }, remedies: [] });
    expect(roomy.planned.parts.weights).toBeGreaterThan(1.5 * roomy.asked.parts.weights);
    const tight = planRun(folder, { ...load, limitBytes: roomy.planned.processBytes - 1 });
    expect(tight).toMatchObject({ change: {}, planned: roomy.asked });
    expect(planRun(folder, { ...load, device: 'cpu', limitBytes: 2 ** 40 }).change).toEqual({});
  });

  it('is refused with what would fit, and says which device it is for', () => {
    expect(() => fitMemory(folder, settings, 200, 1000, 'cuda')).toThrow(/fix: a smaller model$/);
    const more = 'more of the GPU (HONE_CUDA_MEMORY)';
    expect(() => fitMemory(folder, settings, 200, 1000, 'cuda', more)).toThrow(
      /fix: a smaller model, or more of the GPU \(HONE/,
    );
    const load = {
      method: 'lora',
      arguments: { lora_r: 8 },
      rowTokens: 64,
      limitBytes: 2 ** 40,
      device: 'cuda',
    } as const;
    expect(planRun(folder, load)).toMatchObject({ device: 'cuda', remedies: [] });
    const serving = { sequences: 4, length: 128, limitBytes: 2 ** 40 };
    const [onProcessor, onCard] = [planServing(folder, serving), planServing(folder, { ...serving, device: 'cuda' })];
    expect(onCard).toMatchObject({ device: 'cuda', fits: true });
    expect(onCard.parts.activations).toBeLessThan(onProcessor.parts.activations);
    expect(onCard.parts.kvPages).toBe(onProcessor.parts.kvPages);
  });
});
