// Goal: every family can be trained and served on a card, whose ops take activations in bf16. Method: the same code on `null-cuda`,
// which checks every argument against the op table as a card would and counts the memory of one; then the CUDA kernels on the emulated
// card, against the same base on the processor.
import { afterEach, describe, expect, it } from '@jest/globals';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Tape, filled, memoryStats, onDevice, resetPeak, useDevice, type DeviceName } from '@hone/tensor';
import { LoraAdapter, loraConfig } from '@hone/nn';
import { Engine, greedy, type TokenLogProb } from '@hone/engine';
import { canBeNf4, loadAdapter, loadModel, readModelConfig, type BaseFormat } from '@hone/models';
import { datasetOf, prepareTraining, sft, trainingSettings } from '@hone/recipes';
import { openEmulatedCard } from '@hone/testkit';
import { readJsonFile } from './data-root.js';
import { packedBatch, pagedLogProbs, targetsOf } from './model-rows.js';

const root = join(import.meta.dirname, '../golden/families');
const hasCard = openEmulatedCard();
const families = readdirSync(root).filter((name) => statSync(join(root, name)).isDirectory());

const sequences = [Array.from({ length: 24 }, (_, i) => i % 7), Array.from({ length: 17 }, (_, i) => i % 5)];
const tokens = sequences.flat().length;
const rows = datasetOf(sequences.map((ids) => ({ tokens: ids })));

const methods = {
  full: { use_peft: false },
  'full, bf16 and 8-bit moments': { use_peft: false, bf16: true, optim: 'adamw_8bit' },
  'lora with dropout': { lora_r: 4, lora_dropout: 0.1 },
  'lora on bf16, cheap ops computed again': { lora_r: 4, bf16: true, recompute_granularity: 'selective' },
  'lora, layers computed again': { lora_r: 4, gradient_checkpointing: true },
  'qlora, layers computed again': { lora_r: 4, load_in_4bit: true, gradient_checkpointing: true },
} as const;
type MethodName = keyof typeof methods;

/** Two steps and an evaluation; the most that tensors held at a time. */
async function trainedPeak(folder: string, method: MethodName): Promise<number> {
  const settings = trainingSettings({
    ...methods[method],
    per_device_train_batch_size: 2,
    max_steps: 2,
    eval_steps: 1,
  });
  const before = useDevice('null-cuda');
  try {
    resetPeak();
    const { model, adapter } = prepareTraining(folder, settings);
    try {
      await sft({ model, source: folder, adapter, train: rows, validation: rows, settings });
      return memoryStats().peakBytes;
    } finally {
      adapter?.free();
      model.free();
    }
  } finally {
    useDevice(before);
  }
}

/** A prompt in chunks, then single tokens, over the pages of two sequences, with an adapter and without. */
function serve(folder: string, format: BaseFormat): void {
  const model = loadModel(folder, { format });
  const config = loraConfig({ r: 4, targetModules: 'all-linear' });
  const adapter = LoraAdapter.zero(config, model.modules);
  try {
    for (const lora of [undefined, adapter]) {
      expect(pagedLogProbs(model, sequences, [16, 1, 1, 6], lora)).toHaveLength(tokens);
    }
  } finally {
    adapter.free();
    model.free();
  }
}

afterEach(() => {
  for (const device of ['cpu', 'null', 'cuda', 'null-cuda'] as const) expect(memoryStats(device).liveTensors).toBe(0);
});

describe.each(families)('%s on a card', (family) => {
  const folder = join(root, family);
  const hasNf4 = canBeNf4(readModelConfig(folder));

  it.each(Object.keys(methods) as MethodName[])('trains: %s', async (method) => {
    if (method.startsWith('qlora') && !hasNf4) return;
    expect(await trainedPeak(folder, method)).toBeGreaterThan(0);
  });

  it.each(['f32', 'bf16', 'nf4', 'int8'] as const)('serves: %s', (format) => {
    if (format === 'nf4' && !hasNf4) return;
    onDevice('null-cuda', () => serve(folder, format));
  });
});

describe.each(families)('%s on the emulated card', (family) => {
  const folder = join(root, family);
  const { sequences: texts } = readJsonFile(join(folder, 'expected.json')) as { sequences: number[][] };

  (hasCard ? it : it.skip)('computes what the processor does, as far as bf16 activations tell', () => {
    const [onCard, onProcessor] = [computed('cuda', folder, texts), computed('cpu', folder, texts)];
    const paged = onCard.logProbs.map((value, row) => Math.abs(value - (onProcessor.logProbs[row] as number)));
    expect(paged.reduce((sum, value) => sum + value, 0) / paged.length).toBeLessThan(0.05);
    expect(Math.max(...paged)).toBeLessThan(0.3);
    expect(norm(onCard.gradient.map((value, i) => value - (onProcessor.gradient[i] as number)))).toBeLessThan(
      0.08 * norm(onProcessor.gradient),
    );
  });

  (hasCard ? it : it.skip)(
    'answers from captured steps, prompts beside decodes, to the bit as from composed ones',
    () => {
      const [replayed, composed] = [served(folder, texts, true), served(folder, texts, false)];
      expect(replayed.answers).toEqual(composed.answers);
      expect(replayed.stats).toMatchObject({
        stepsReplayed: composed.stats.steps,
        stepsComposed: { scored: 0, large: 0, adapters: 0, uncapturable: 0 },
      });
    },
  );
});

/** Every token that the engine draws on the card, with its log-probability, after texts that come one after the other. */
function served(folder: string, texts: readonly number[][], isCaptured: boolean) {
  return onDevice('cuda', () => {
    const model = loadModel(folder, { format: 'bf16' });
    const engine = new Engine(model, { blockSize: 4, stepTokensMax: 12, sequencesMax: 4, isCaptured });
    try {
      const answers: TokenLogProb[][] = [];
      for (const ids of [...texts, ...texts.map((text) => text.slice(0, 7))]) {
        engine.submit({ ids, sampling: { ...greedy, topLogProbs: 1 }, tokensMax: 4, stopTokens: new Set() });
        answers.push(...stepped(engine));
      }
      while (!engine.isIdle) answers.push(...stepped(engine));
      return { answers, stats: engine.stats };
    } finally {
      engine.free();
      model.free();
    }
  });
}

const stepped = (engine: Engine): TokenLogProb[][] => [
  engine.step().flatMap(({ logProb }) => (logProb ? [logProb] : [])),
];

/** Log-probabilities over pages, and the gradient of the mean loss, of the golden adapter over a bf16 base. */
function computed(device: DeviceName, folder: string, texts: readonly number[][]) {
  return onDevice(device, () => {
    const model = loadModel(folder, { format: 'bf16' });
    const adapter = loadAdapter(join(folder, 'adapter'), model);
    try {
      adapter.arena.train();
      const tape = new Tape();
      const targets = targetsOf(texts);
      const { logp } = tape.record(() => model.tokenLogProbs(model.hidden(packedBatch(texts, adapter)), targets));
      const upstream = filled([targets.length], -1 / targets.length);
      tape.backward(logp, upstream);
      upstream.free();
      const gradient = adapter.arena.gradients.floats();
      return { gradient, logProbs: pagedLogProbs(model, texts, [5, 1, 1, 64], adapter) };
    } finally {
      adapter.free();
      model.free();
    }
  });
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
