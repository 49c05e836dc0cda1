// Goal: what a run takes of a card is known before it starts, to the byte. Method: the plan, counted on `null-cuda`, against what the
// same run took of the emulated card, for ways to train and to keep what layers leave behind.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeInitialModel } from '@hone/models';
import { datasetOf, estimateMemory, prepareTraining, sft, trainingSettings } from '@hone/recipes';
import { memoryStats, releaseCache, resetPeak, useDevice } from '@hone/tensor';
import { openEmulatedCard } from '@hone/testkit';

const describeCard = openEmulatedCard() ? describe : describe.skip;

const folder = mkdtempSync(join(tmpdir(), 'hone-card-memory-'));
beforeAll(() => {
  const sizes = {
    vocab_size: 96,
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
  };
  writeInitialModel({ architectures: ['LlamaForCausalLM'], model_type: 'llama', ...sizes }, folder, 3);
});
afterAll(() => rmSync(folder, { recursive: true }));

const [rows, tokens] = [2, 48];
const train = datasetOf(
  Array.from({ length: 2 * rows }, (_, row) => ({
    tokens: Array.from({ length: tokens }, (__, at) => (row * 7 + at) % 96),
  })),
);

describeCard('the plan of a run on a card', () => {
  it.each([
    ['full fine-tuning', { use_peft: false }],
    ['full fine-tuning in bf16 with 8-bit moments', { use_peft: false, bf16: true, optim: 'adamw_8bit' }],
    ['LoRA', { lora_r: 8 }],
    ['LoRA on bf16, cheap ops computed again', { lora_r: 8, bf16: true, recompute_granularity: 'selective' }],
    ['QLoRA, layers computed again', { lora_r: 8, load_in_4bit: true, gradient_checkpointing: true }],
    [
      'QLoRA, activations and moments on the host',
      { lora_r: 8, load_in_4bit: true, activation_offloading: true, optim: 'paged_adamw' },
    ],
  ])('is what it takes: %s', async (_name, args) => {
    const settings = trainingSettings({ ...args, per_device_train_batch_size: rows, max_steps: 2 });
    const { peakBytes, parts } = estimateMemory(folder, settings, tokens, 'cuda');
    const before = useDevice('cuda');
    try {
      releaseCache();
      resetPeak();
      const { model, adapter } = prepareTraining(folder, settings);
      await sft({ model, source: folder, adapter, train, settings });
      const taken = memoryStats();
      adapter?.free();
      model.free();
      expect(taken.peakBytes).toBe(peakBytes);
      // Scratch memory grows in steps; cuBLASLt's own is most of it here.
      expect(parts.workspace).toBeGreaterThan(0.9 * taken.workspaceBytes);
    } finally {
      useDevice(before);
    }
  });
});
