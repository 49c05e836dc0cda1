// Goal: training on a card learns what training on the processor learns, waits for the host once for every step that is logged, and
// neither computing layers again nor keeping their inputs, or the optimiser's moments, on the host changes a bit of it. Method: the CUDA
// kernels on the emulated card; a few steps of a small untrained model, against the same run in f32 on the processor.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PagedMoments } from '@hone/nn';
import { writeInitialModel } from '@hone/models';
import { datasetOf, prepareTraining, sft, trainingSettings, type TrainingSettings } from '@hone/recipes';
import { adamw8bitStep, adamwStep, cardCounters, empty, keep, useDevice, type Tensor } from '@hone/tensor';
import { openEmulatedCard } from '@hone/testkit';

const hasCard = openEmulatedCard();
// Up to six runs of training on an emulator in one test: minutes where other suites share the machine.
jest.setTimeout(300_000);
const describeCard = hasCard ? describe : describe.skip;

const rows = Array.from({ length: 8 }, (_, row) => ({
  tokens: Array.from({ length: 6 + (row % 9) }, (_, at) => 2 + ((row * 7 + at * 5) % 50)),
}));

interface Run {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly values: Uint32Array;
  readonly synchronisations: number;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-card-'));
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: 60,
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 3,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 64,
    initializer_range: 0.1,
    eos_token_id: 1,
  };
  writeInitialModel(config, folder, 3);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(
  device: 'cpu' | 'cuda',
  args: Record<string, unknown>,
  adopted: Partial<TrainingSettings> = {},
): Promise<Run> {
  const before = useDevice(device);
  const asked = { max_steps: 4, per_device_train_batch_size: 4, learning_rate: 1e-3, ...args };
  const settings = { ...trainingSettings(asked), ...adopted };
  const { model, adapter } = prepareTraining(folder, settings);
  const losses: number[] = [];
  const norms: number[] = [];
  try {
    const waited = device === 'cuda' ? cardCounters().synchronisations : 0;
    await sft({
      model,
      adapter,
      source: folder,
      train: datasetOf(rows),
      settings,
      observer: {
        onStep: ({ loss, gradNorm }) => {
          losses.push(loss);
          norms.push(gradNorm);
        },
      },
    });
    const synchronisations = device === 'cuda' ? cardCounters().synchronisations - waited : 0;
    return { losses, norms, values: adapter ? bitsOf(adapter.arena.values) : new Uint32Array(), synchronisations };
  } finally {
    adapter?.free();
    model.free();
    useDevice(before);
  }
}

const bitsOf = (values: Tensor): Uint32Array =>
  new Uint32Array(values.readInto(new Float32Array(values.elements)).buffer);

const lora = { lora_r: 4 };
const near = (actual: readonly number[], expected: readonly number[], bound: number) =>
  actual.forEach((value, at) => expect(Math.abs(value / (expected[at] as number) - 1)).toBeLessThan(bound));

describeCard('training on a card', () => {
  it.each([
    ['LoRA', lora],
    ['QLoRA', { ...lora, load_in_4bit: true }],
    [
      'LoRA on bf16 with dropout and two micro-batches',
      { ...lora, bf16: true, lora_dropout: 0.1, gradient_accumulation_steps: 2 },
    ],
    ['full fine-tuning', { use_peft: false, learning_rate: 2e-4 }],
  ])('%s has the losses of the processor', async (_name, args) => {
    const [card, processor] = [await run('cuda', args), await run('cpu', args)];
    near(card.losses, processor.losses, 5e-3);
    near(card.norms, processor.norms, 2e-2);
  });

  it('waits for the host once for every step that is logged', async () => {
    expect((await run('cuda', { ...lora, logging_steps: 1 })).synchronisations).toBe(4);
    expect((await run('cuda', { ...lora, logging_steps: 2 })).synchronisations).toBe(2);
    expect((await run('cuda', { ...lora, logging_steps: 4, max_steps: 8 })).synchronisations).toBe(2);
  });

  it('has the same bits however activations and moments are kept', async () => {
    const plain = await run('cuda', { ...lora, load_in_4bit: true });
    for (const kept of [
      { recompute_granularity: 'selective' },
      { gradient_checkpointing: true },
      { activation_offloading: true },
      { optim: 'paged_adamw_32bit' },
      { activation_offloading: true, optim: 'paged_adamw_32bit' },
    ]) {
      const other = await run('cuda', { ...lora, load_in_4bit: true, ...kept });
      expect([kept, other.losses]).toEqual([kept, plain.losses]);
      expect(Buffer.from(other.values.buffer).equals(Buffer.from(plain.values.buffer))).toBe(true);
    }
  });

  it('has the same bits where a 4-bit base is held unpacked', async () => {
    // More rows than the kernels of a decode step take, which multiply by the codes themselves.
    const args = { ...lora, load_in_4bit: true, per_device_train_batch_size: 8, max_steps: 2 };
    const [packed, unpacked] = [await run('cuda', args), await run('cuda', args, { isUnpacked: true })];
    expect(unpacked.losses).toEqual(packed.losses);
    expect(Buffer.from(unpacked.values.buffer).equals(Buffer.from(packed.values.buffer))).toBe(true);
  });

  it('pages moments window by window, to the same bits, those of parameters in bf16 too', () => {
    const before = useDevice('cuda');
    const elements = 5000;
    const settings = {
      beta1: 0.9,
      beta2: 0.99,
      eps: 1e-8,
      learningRate: 0.01,
      weightDecay: 0.1,
      gradientScale: 1,
      seed: 7,
    };
    const numbers = (seed: number) => Float32Array.from({ length: elements }, (_, at) => Math.sin(at * 0.7 + seed));
    const gradient = keep(empty([elements])).write(numbers(1));
    // The upper halves of f32 numbers are numbers of bf16.
    const halves = Uint16Array.from(new Uint32Array(numbers(2).buffer), (word) => word >>> 16);
    const start = { f32: numbers(2), bf16: halves } as const;
    const combinations = ([32, 8] as const).flatMap((bits) =>
      (['f32', 'bf16'] as const).map((dtype) => ({ bits, dtype })),
    );
    for (const { bits, dtype } of combinations) {
      const parameters = () => keep(empty([elements], dtype)).write(start[dtype]);
      const [p, q] = [parameters(), parameters()];
      const moments = new PagedMoments(elements, bits, 1024);
      const whole = new PagedMoments(elements, bits);
      for (let step = 1; step <= 3; step++) {
        for (const [values, paged] of [
          [p, moments],
          [q, whole],
        ] as const) {
          paged.step(({ first, elements: count, moments: page }) => {
            const place = [values.slice(first, [count]), gradient.slice(first, [count])] as const;
            if (page.bits === 8) adamw8bitStep(...place, page.m, page.v, { ...settings, step, first });
            else adamwStep(...place, page.m, page.v, { ...settings, step, first });
          });
        }
      }
      const [inPages, asOne] = [p, q].map((each) => each.readInto(start[dtype].slice()));
      expect(inPages).toEqual(asOne);
      expect(inPages).not.toEqual(start[dtype]);
      for (const held of [p, q, moments, whole]) held.free();
    }
    gradient.free();
    useDevice(before);
  });
});
