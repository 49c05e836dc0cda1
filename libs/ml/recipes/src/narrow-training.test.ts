// Goal: full fine-tuning with bf16 weights, and moments in 8 bits, learn what f32 learns, and resume bit by bit. Method: the same
// run in each form on a small model; the bound on the loss is stated where it is checked.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOfBytes } from '@hone/base';
import { memoryStats } from '@hone/tensor';
import { loadModel, saveModel, writeInitialModel } from '@hone/models';
import { checkpointName, datasetOf, prepareTraining, sft, trainingSettings } from './index.js';

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 64,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  initializer_range: 0.1,
  eos_token_id: 1,
};
// Counting upwards by a step is learnable.
const rows = Array.from({ length: 16 }, (_, row) => ({
  tokens: Array.from({ length: 24 }, (_, at) => 2 + ((row * 5 + at * 3) % 62)),
}));

let folder: string;
let output: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-narrow-'));
  output = mkdtempSync(join(tmpdir(), 'hone-narrow-out-'));
  writeInitialModel(config, folder, 3);
});
afterEach(() => expect(memoryStats().liveBytes).toBe(0));
afterAll(() => [folder, output].forEach((path) => rmSync(path, { recursive: true, force: true })));

const common = { use_peft: false, learning_rate: 2e-3, per_device_train_batch_size: 8, max_steps: 20, seed: 7 };

async function run(args: Record<string, unknown>, more: { outputDir?: string; resumeFrom?: string } = {}) {
  const settings = trainingSettings({ ...common, ...args });
  const { model } = prepareTraining(folder, settings);
  const losses: number[] = [];
  const observer = { onStep: ({ loss }: { loss: number }) => void losses.push(loss) };
  await sft({ model, source: folder, train: datasetOf(rows), settings, observer, ...more });
  const result = join(output, 'result');
  saveModel(model, folder, result);
  model.free();
  const digest = digestOfBytes(readFileSync(join(result, 'model.safetensors')));
  return { losses, digest, folder: result };
}

const forms: Record<string, Record<string, unknown>> = {
  'bf16 weights': { bf16: true },
  'bf16 weights and 8-bit moments': { bf16: true, optim: 'adamw_8bit' },
  '8-bit moments': { optim: 'adamw_8bit' },
};

describe.each(Object.entries(forms))('full fine-tuning with %s', (_, args) => {
  it('has the loss curve of f32 within 3 % and 0.03', async () => {
    const [wide, narrow] = [await run({}), await run(args)];
    expect(wide.losses.at(-1)).toBeLessThan((wide.losses[0] as number) / 2);
    narrow.losses.forEach((loss, step) => {
      const expected = wide.losses[step] as number;
      expect(Math.abs(loss - expected)).toBeLessThan(0.03 * expected + 0.03);
    });
  });

  it('is repeated and resumed to the bit', async () => {
    const whole = await run(args);
    const outputDir = mkdtempSync(join(output, 'run-'));
    const saving = { ...args, save_strategy: 'steps', save_steps: 8 };
    expect((await run(saving, { outputDir })).digest).toBe(whole.digest);
    const resumeFrom = join(outputDir, checkpointName(8));
    expect(existsSync(resumeFrom)).toBe(true);
    expect((await run(saving, { resumeFrom })).digest).toBe(whole.digest);
  });
});

it('writes bf16 weights as such, and they load again', async () => {
  const { folder: result } = await run({ bf16: true, max_steps: 2 });
  const written = JSON.parse(readFileSync(join(result, 'config.json'), 'utf8')) as Record<string, unknown>;
  expect(written['torch_dtype'] ?? written['dtype']).toBe('bfloat16');
  loadModel(result, { format: 'bf16' }).free();
});

it.each([{}, { bf16: true }])('resumes a family that stores its weights turned, to the bit (%j)', async (args) => {
  const source = mkdtempSync(join(output, 'gpt2-'));
  const quiet = { resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 };
  const sizes = { vocab_size: 64, n_embd: 64, n_layer: 2, n_head: 4, n_positions: 64, eos_token_id: 1 };
  writeInitialModel({ architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', ...sizes, ...quiet }, source, 3);
  const settings = trainingSettings({ ...common, ...args, max_steps: 4, save_strategy: 'steps', save_steps: 2 });
  const trained = async (outputDir: string, resumeFrom?: string) => {
    const { model } = prepareTraining(source, settings);
    await sft({ model, source, train: datasetOf(rows), settings, outputDir, resumeFrom });
    model.free();
    return digestOfBytes(readFileSync(join(outputDir, checkpointName(4), 'model.safetensors')));
  };
  const whole = mkdtempSync(join(output, 'whole-'));
  const digest = await trained(whole);
  expect(await trained(mkdtempSync(join(output, 'again-')), join(whole, checkpointName(2)))).toBe(digest);
});
