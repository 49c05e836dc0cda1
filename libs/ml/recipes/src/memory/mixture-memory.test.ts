// Goal: a mixture of experts, whose rows go where the numbers send them, takes exactly what its plan says. Method: the plan
// against the run, for ways to train that keep everything, something and nothing of the experts' work.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStats, releaseCache, resetPeak } from '@hone/tensor';
import { writeInitialModel } from '@hone/models';
import { datasetOf, estimateMemory, prepareTraining, sft, trainingSettings } from '../index.js';

const config = {
  architectures: ['Qwen3MoeForCausalLM'],
  model_type: 'qwen3_moe',
  vocab_size: 512,
  hidden_size: 128,
  intermediate_size: 384,
  moe_intermediate_size: 128,
  num_experts: 16,
  num_experts_per_tok: 4,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  max_position_embeddings: 256,
  initializer_range: 0.2,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-mixture-'));
  writeInitialModel(config, folder, 3);
});
afterEach(() => expect(memoryStats().liveBytes).toBe(0));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['full', { use_peft: false }],
  ['LoRA', { lora_r: 8 }],
  ['LoRA, layers computed again', { lora_r: 8, gradient_checkpointing: true }],
  ['QLoRA, cheap ops computed again', { lora_r: 8, load_in_4bit: true, recompute_granularity: 'selective' }],
])('a mixture takes what its plan says, to the byte: %s', async (_name, args) => {
  const [rows, tokens] = [2, 128];
  const settings = trainingSettings({ ...args, per_device_train_batch_size: rows, max_steps: 2 });
  const planned = estimateMemory(folder, settings, tokens);
  releaseCache();
  resetPeak();
  const { model, adapter } = prepareTraining(folder, settings);
  const row = (at: number) => Int32Array.from({ length: tokens }, (_, place) => (at * 7 + place * 3) % 512);
  const train = datasetOf(Array.from({ length: 2 * rows }, (_, at) => ({ tokens: row(at) })));
  await sft({ model, source: folder, adapter, train, settings });
  const { peakBytes } = memoryStats();
  adapter?.free();
  model.free();
  expect(peakBytes).toBe(planned.peakBytes);
});
