// The invariants of training, on a small untrained model: what must not change a number does not change it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOfBytes, seeded } from '@hone/base';
import { memoryStats, resetPeak, useDevice, type DeviceName } from '@hone/tensor';
import { LoraAdapter } from '@hone/nn';
import { adapterFiles, loadModel, writeInitialModel, type CausalModel } from '@hone/models';
import {
  datasetOf,
  estimateMemory,
  evaluateLoss,
  measureTokens,
  microBatch,
  accumulateGradient,
  prepareTraining,
  sft,
  surveyDataset,
  trainingSettings,
  type Observer,
  type SftRun,
  type StepReport,
} from './index.js';

const config = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  vocab_size: 60,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
  initializer_range: 0.1,
  eos_token_id: 1,
};

const random = seeded(5, 'rows');
const rows = Array.from({ length: 24 }, () => {
  const length = 4 + Math.floor(random() * 20);
  const first = 2 + Math.floor(random() * 8);
  // Counting upwards by a step is learnable; the first two tokens are the prompt.
  const tokens = Array.from({ length }, (_, i) => 2 + ((first * 5 + i * 3) % 58));
  return { tokens, mask: tokens.map((_, i) => (i < 2 ? 0 : 1)) };
});
const train = datasetOf(rows.slice(0, 18));
const validation = datasetOf(rows.slice(18));

let folder: string;
let output: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-base-'));
  output = mkdtempSync(join(tmpdir(), 'hone-out-'));
  writeInitialModel(config, folder, 3);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(output, { recursive: true });
  expect(memoryStats().liveBytes).toBe(0);
});

const common = { learning_rate: 2e-3, per_device_train_batch_size: 4, num_train_epochs: 2, warmup_steps: 2, seed: 11 };

interface Outcome {
  digest: string;
  steps: StepReport[];
  result: Awaited<ReturnType<typeof sft>>;
  evaluation: number;
}

async function runLora(args: Record<string, unknown> = {}, extra: Partial<SftRun> = {}): Promise<Outcome> {
  const settings = trainingSettings({ lora_r: 4, ...common, ...args });
  const { model, adapter } = prepareTraining(folder, settings);
  const steps: StepReport[] = [];
  const observer: Observer = { ...extra.observer, onStep: (report) => void steps.push(report) };
  try {
    const result = await sft({ model, source: folder, adapter, train, settings, ...extra, observer });
    const bytes = adapterFiles(adapter as LoraAdapter).get('adapter_model.safetensors') as Uint8Array;
    const evaluation = evaluateLoss(model, validation, { adapter }).loss;
    return { digest: digestOfBytes(bytes), steps, result, evaluation };
  } finally {
    adapter?.free();
    model.free();
  }
}

const withModel = (body: (model: CausalModel) => void, options = {}): void => {
  const model = loadModel(folder, options);
  body(model);
  model.free();
};

describe('one step', () => {
  const gradientOf = (groups: number[][]): Float32Array => {
    const model = loadModel(folder, { isTrainable: true });
    const { lengths, targets } = surveyDataset('train', train, 64, 60);
    const total = groups.flat().reduce((sum, row) => sum + (targets[row] as number), 0);
    for (const group of groups) accumulateGradient(model, microBatch(train, group, lengths), total, {});
    const gradient = (model.arenas as NonNullable<CausalModel['arenas']>).decayed.gradients.floats();
    model.free();
    return gradient;
  };
  const close = (a: Float32Array, b: Float32Array, tolerance: number) => {
    const scale = Math.max(...a.map(Math.abs));
    const worst = Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
    expect(worst).toBeLessThan(tolerance * scale);
  };

  it('has the same gradient as one batch, as accumulated micro-batches and as single rows', () => {
    const whole = gradientOf([[0, 1, 2, 3, 4, 5]]);
    close(whole, gradientOf([[0, 1, 2], [3, 4, 5]]), 1e-5); // prettier-ignore
    close(whole, gradientOf([[0], [1], [2], [3], [4], [5]]), 1e-5);
  });

  it('gives each row the same loss whatever is packed beside it', () => {
    withModel((model) => {
      const { lengths } = surveyDataset('train', train, 64, 60);
      const packed = measureTokens(model, microBatch(train, [0, 1, 2, 3], lengths), {}).nll;
      const alone = [0, 1, 2, 3].map((row) => measureTokens(model, microBatch(train, [row], lengths), {}).nll);
      expect(packed).toBeCloseTo(
        alone.reduce((a, b) => a + b),
        4,
      );
    });
  });

  it('is the same with recomputed activations, which take less memory', async () => {
    const runWith = async (args: Record<string, unknown>) => {
      const observer: Observer = { onStart: () => resetPeak() };
      const { digest } = await runLora({ ...args, max_steps: 3 }, { observer });
      return { digest, peak: memoryStats().peakBytes };
    };
    const kept = await runWith({});
    const cheap = await runWith({ recompute_granularity: 'selective' });
    const layers = await runWith({ gradient_checkpointing: true });
    expect([cheap.digest, layers.digest]).toEqual([kept.digest, kept.digest]);
    expect(cheap.peak).toBeLessThan(kept.peak);
    expect(layers.peak).toBeLessThan(cheap.peak);
  });

  it('starts from the base exactly', () => {
    const settings = trainingSettings({ lora_r: 4 });
    const { model, adapter } = prepareTraining(folder, settings);
    expect(evaluateLoss(model, train, { adapter })).toEqual(evaluateLoss(model, train));
    adapter?.free();
    model.free();
  });
});

describe('a LoRA run', () => {
  it('learns, and is bit-identical when repeated', async () => {
    const first = await runLora({ num_train_epochs: 6 });
    const second = await runLora({ num_train_epochs: 6 });
    expect(second.digest).toBe(first.digest);
    expect((first.steps.at(-1) as StepReport).loss).toBeLessThan((first.steps[0] as StepReport).loss - 0.5);
  });

  it('takes the same steps however a batch is cut into micro-batches', async () => {
    const whole = await runLora({ per_device_train_batch_size: 4 });
    const cut = await runLora({ per_device_train_batch_size: 1, gradient_accumulation_steps: 4 });
    expect(cut.steps).toHaveLength(whole.steps.length);
    cut.steps.forEach(({ loss }, i) => expect(loss).toBeCloseTo((whole.steps[i] as StepReport).loss, 4));
  });

  it('follows the schedule: warm-up from zero, then linear to zero', async () => {
    const { steps } = await runLora({ max_steps: 6 });
    expect(steps.map(({ lr }) => lr / 2e-3)).toEqual([0, 0.5, 1, 0.75, 0.5, 0.25]);
  });

  it('trains with dropout, packing and length grouping, each reproducibly', async () => {
    for (const args of [{ lora_dropout: 0.2 }, { packing: true, max_length: 32 }, { group_by_length: true }]) {
      const first = await runLora(args);
      expect((await runLora(args)).digest).toBe(first.digest);
      expect(first.digest).not.toBe((await runLora()).digest);
    }
  });

  it('is read only where it tells something, on a device that works through a queue', async () => {
    const args = { max_steps: 12, logging_steps: 5, eval_steps: 8, save_strategy: 'no' };
    const turns = async (device: DeviceName) => {
      let turn = 0;
      const told: [turn: number, step: number][] = [];
      const signal = { get aborted() { turn++; return false; } }; // prettier-ignore
      const observer: Observer = { onStep: ({ step }) => void told.push([turn, step]) };
      const settings = trainingSettings({ lora_r: 4, ...common, ...args });
      const before = useDevice(device);
      const { model, adapter } = prepareTraining(folder, settings);
      try {
        await sft({ model, source: folder, adapter, train, validation, settings, signal, observer });
      } finally {
        adapter?.free();
        model.free();
        useDevice(before);
      }
      expect(told.map(([, step]) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
      return [...new Set(told.map(([at]) => at))];
    };
    expect(await turns('null-cuda')).toEqual([5, 8, 10, 12]);
    expect(await turns('null')).toHaveLength(12);
  });

  it('trains on a 4-bit base', async () => {
    const { steps } = await runLora({ load_in_4bit: true, num_train_epochs: 6 });
    expect((steps.at(-1) as StepReport).loss).toBeLessThan((steps[0] as StepReport).loss - 0.5);
  });
});

describe('resuming', () => {
  it('from any checkpoint ends at the same bits as the run without a break', async () => {
    const args = { save_strategy: 'steps', save_steps: 1, eval_strategy: 'steps', eval_steps: 2, lora_dropout: 0.1 };
    const keep = { load_best_model_at_end: true };
    const outputDir = join(output, 'unbroken');
    const whole = await runLora({ ...args, ...keep }, { outputDir, validation });
    for (const step of [1, 4, 9]) {
      const resumeFrom = join(outputDir, `checkpoint-${step}`);
      const resumed = await runLora({ ...args, ...keep }, { outputDir: join(output, 'again'), resumeFrom, validation });
      expect(resumed.digest).toBe(whole.digest);
      expect(resumed.steps[0]?.step).toBe(step + 1);
      const last = (dir: string) => readFileSync(join(dir, 'checkpoint-10/optimizer.safetensors'));
      expect(last(join(output, 'again')).equals(last(outputDir))).toBe(true);
    }
  });

  it('of a full fine-tune ends at the same bits', async () => {
    const args = { ...common, use_peft: false, save_strategy: 'steps', save_steps: 3, max_steps: 6 };
    const settings = trainingSettings(args, 'full');
    const runFull = async (outputDir: string, resumeFrom?: string) => {
      const { model } = prepareTraining(folder, settings);
      await sft({ model, source: folder, train, settings, outputDir, resumeFrom });
      model.free();
      return digestOfBytes(readFileSync(join(outputDir, 'checkpoint-6/model.safetensors')));
    };
    const whole = await runFull(join(output, 'full'));
    expect(await runFull(join(output, 'full-again'), join(output, 'full/checkpoint-3'))).toBe(whole);
    // A checkpoint of a full fine-tune is a model that loads.
    loadModel(join(output, 'full/checkpoint-6')).free();
  });

  it('refuses other data, other settings and damaged files', async () => {
    const args = { save_strategy: 'steps', save_steps: 2, max_steps: 4 };
    const outputDir = join(output, 'strict');
    await runLora(args, { outputDir });
    const resumeFrom = join(outputDir, 'checkpoint-2');
    await expect(runLora({ ...args, learning_rate: 1e-3 }, { resumeFrom })).rejects.toThrow('settings');
    await expect(runLora(args, { resumeFrom, train: validation })).rejects.toThrow('train');
    const weights = readFileSync(join(resumeFrom, 'optimizer.safetensors'));
    weights[weights.length - 1] = (weights[weights.length - 1] as number) ^ 1;
    writeFileSync(join(resumeFrom, 'optimizer.safetensors'), weights);
    await expect(runLora(args, { resumeFrom })).rejects.toThrow('damaged');
  });
});

describe('checkpoints and stopping', () => {
  it('keeps no more checkpoints than asked, each whole or absent', async () => {
    const outputDir = join(output, 'limited');
    await runLora({ save_strategy: 'steps', save_steps: 2, save_total_limit: 2 }, { outputDir });
    expect(readdirSync(outputDir).sort()).toEqual(['checkpoint-10', 'checkpoint-8']);
    const files = readdirSync(join(outputDir, 'checkpoint-10')).sort();
    expect(files).toEqual([
      'README.md',
      'adapter_config.json',
      'adapter_model.safetensors',
      'optimizer.safetensors',
      'trainer_state.json',
    ]);
  });

  it('stops when evaluations bring nothing, and serves the best weights instead of the last', async () => {
    const evals: { loss: number; isBest: boolean; step: number }[] = [];
    const observer: Observer = { onEval: (report) => void evals.push(report) };
    const args = {
      learning_rate: 0.3,
      lr_scheduler_type: 'constant',
      num_train_epochs: 20,
      eval_strategy: 'steps',
      eval_steps: 1,
      early_stopping_patience: 3,
    };
    const { result, evaluation } = await runLora(args, { validation, observer });
    expect(result.status).toBe('stopped-early');
    const best = evals.reduce((a, b) => (b.loss < a.loss ? b : a));
    expect(result.weightsStep).toBe(best.step);
    expect(evaluation).toBe(best.loss);
    expect(evals).toHaveLength(best.step + 3);
  });

  it('fails as a fault that may be retried where a checkpoint cannot be written, leaving nothing behind', async () => {
    const blocked = join(output, 'blocked');
    writeFileSync(blocked, 'a file where a folder should be');
    const args = { save_strategy: 'steps', save_steps: 1 };
    await expect(runLora(args, { outputDir: blocked })).rejects.toMatchObject({
      kind: 'fault',
      code: 'checkpoint_not_written',
    });
  });

  it('ends between steps when cancelled, leaving a checkpoint to resume from', async () => {
    const signal = { aborted: false };
    const outputDir = join(output, 'cancelled');
    const observer: Observer = { onEval: ({ step }) => void (signal.aborted = step === 4) };
    const args = { save_strategy: 'epoch', eval_strategy: 'steps', eval_steps: 4 };
    const { result } = await runLora(args, { outputDir, validation, signal, observer });
    expect(result).toMatchObject({ status: 'cancelled', steps: 4 });
    expect(existsSync(join(outputDir, 'checkpoint-4/trainer_state.json'))).toBe(true);
    const whole = await runLora(args, { validation });
    const resumeFrom = join(outputDir, 'checkpoint-4');
    expect((await runLora(args, { resumeFrom, validation })).digest).toBe(whole.digest);
  });
});

describe('memory', () => {
  it('is known before a run to the byte', async () => {
    const rowTokens = Math.max(...rows.map(({ tokens }) => tokens.length));
    const even = datasetOf(Array.from({ length: 8 }, () => ({ tokens: new Int32Array(rowTokens).fill(5) })));
    for (const args of [
      {},
      { gradient_checkpointing: true },
      { recompute_granularity: 'selective' },
      { bf16: true },
      { load_in_4bit: true },
      { use_peft: false },
    ]) {
      const settings = trainingSettings({ ...common, lora_dropout: 0.1, max_steps: 2, ...args });
      const { model, adapter } = prepareTraining(folder, settings);
      resetPeak();
      await sft({ model, source: folder, adapter, train: even, settings });
      const { peakBytes } = memoryStats();
      adapter?.free();
      model.free();
      expect(estimateMemory(folder, settings, rowTokens).peakBytes).toBe(peakBytes);
    }
  });

  it('shrinks in the order of the remedies: checkpointing, a smaller micro-batch, a 4-bit base', () => {
    const peak = (args: Record<string, unknown>) =>
      estimateMemory(folder, trainingSettings({ lora_r: 4, ...args }), 64).peakBytes;
    expect(peak({ gradient_checkpointing: true })).toBeLessThan(peak({}));
    expect(peak({ per_device_train_batch_size: 2 })).toBeLessThan(peak({}));
    expect(peak({ load_in_4bit: true })).toBeLessThan(peak({}));
    expect(peak({})).toBeLessThan(peak({ use_peft: false }));
  });
});

describe('what is refused', () => {
  it('rows in which nothing would be learnt, by number', async () => {
    const hidden = datasetOf([{ tokens: [2, 3, 4] }, { tokens: [2, 3, 4], mask: [1, 0, 0] }]);
    await expect(runLora({}, { train: hidden })).rejects.toThrow('rows 1');
  });

  it('ids outside the vocabulary and empty datasets', async () => {
    await expect(runLora({}, { train: datasetOf([{ tokens: [2, 60] }]) })).rejects.toThrow('id 60');
    await expect(runLora({}, { train: datasetOf([]) })).rejects.toThrow('at least one row');
  });

  it('a loss that is not finite, naming the rows', async () => {
    await expect(runLora({ learning_rate: 1e30, max_grad_norm: 0, warmup_steps: 0 })).rejects.toMatchObject({
      code: 'loss_not_finite',
      message: expect.stringContaining('from rows') as unknown as string,
    });
  });

  it('cut rows only with a warning that counts them', async () => {
    const warnings: string[] = [];
    await runLora({ max_length: 8, max_steps: 1 }, { observer: { onWarning: (text) => void warnings.push(text) } });
    expect(warnings.some((text) => /rows were cut to 8 tokens/.test(text))).toBe(true);
  });
});
