import { describe, expect, it } from '@jest/globals';
import { argumentLimits, trainingSettings } from './training-settings.js';

describe('arguments', () => {
  it('of the guides are all accepted under old and new names', () => {
    const old = trainingSettings({
      output_dir: './out',
      num_train_epochs: 3,
      per_device_train_batch_size: 4,
      per_device_eval_batch_size: 4,
      gradient_accumulation_steps: 4,
      evaluation_strategy: 'steps',
      eval_steps: 100,
      logging_steps: 10,
      save_steps: 100,
      save_strategy: 'steps',
      save_total_limit: 2,
      learning_rate: 2e-4,
      weight_decay: 0.01,
      fp16: true,
      max_grad_norm: 0.3,
      warmup_ratio: 0.03,
      group_by_length: true,
      lr_scheduler_type: 'cosine',
      report_to: 'tensorboard',
      optim: 'paged_adamw_32bit',
      max_seq_length: 512,
      gradient_checkpointing: true,
      load_in_4bit: true,
    });
    expect(old).toMatchObject({
      method: 'qlora',
      batchUnits: 4,
      accumulationSteps: 4,
      evalStrategy: 'steps',
      warmup: 0.03,
      maxLength: 512,
      sampling: 'group_by_length',
      recompute: 'layers',
    });
    expect(old.warnings.some((text) => text.includes('fp16'))).toBe(true);
    const renamed = trainingSettings({
      eval_strategy: 'steps',
      eval_steps: 100,
      warmup_steps: 0.03,
      max_length: 512,
      train_sampling_strategy: 'group_by_length',
    });
    for (const name of ['evalStrategy', 'warmup', 'maxLength', 'sampling'] as const)
      expect(renamed[name]).toBe(old[name]);
  });

  it('that are unknown are refused with a suggestion', () => {
    expect(() => trainingSettings({ learning_rat: 1e-4 })).toThrow('did you mean learning_rate?');
    expect(() => trainingSettings({ zzzzzzzzzz: 1 })).toThrow('is not a known argument; fix: leave it out');
  });

  it('that would change numbers but are not built are refused', () => {
    expect(() => trainingSettings({ label_smoothing_factor: 0.1 })).toThrow('label_smoothing_factor');
    expect(trainingSettings({ label_smoothing_factor: 0 }).method).toBe('lora');
    expect(() => trainingSettings({ optim: 'adafactor' })).toThrow('is not built');
    expect(() => trainingSettings({ use_dora: true })).toThrow('use plain LoRA');
    expect(() => trainingSettings({ load_in_8bit: true })).toThrow('use load_in_4bit');
  });

  it('of the wrong type name themselves as the caller spelled them', () => {
    expect(() => trainingSettings({ n_epochs: 'many' })).toThrow('[arguments] n_epochs received "many"');
    expect(() => trainingSettings({ lr_scheduler_type: 'cosin' })).toThrow('did you mean cosine?');
    expect(() => trainingSettings({ eval_strategy: 'always' })).toThrow('one of no, steps, epoch');
    expect(() => trainingSettings({ n_epochs: 2, num_train_epochs: 3 })).toThrow('conflicts with');
  });

  it('choose the learning rate by method and warn outside the usual range', () => {
    expect(trainingSettings({}, 'full').learningRate).toBe(2e-5);
    expect(trainingSettings({}, 'lora').learningRate).toBe(2e-4);
    expect(trainingSettings({}, 'full').warnings).toEqual([]);
    expect(trainingSettings({ learning_rate: 1e-2 }, 'lora').warnings[0]).toContain('outside the usual');
  });

  it('have limits within which their plan is made in seconds, and say them', () => {
    const { rows, rank } = argumentLimits;
    expect(trainingSettings({ per_device_train_batch_size: rows, lora_r: rank }).batchUnits).toBe(rows);
    expect(() => trainingSettings({ per_device_train_batch_size: rows + 1 })).toThrow(String(rows));
    expect(() => trainingSettings({ per_device_eval_batch_size: 1e9 })).toThrow(String(rows));
    expect(() => trainingSettings({ lora_r: rank + 1 })).toThrow(String(rank));
    expect(() => trainingSettings({ rank_pattern: { q_proj: 1e8 } })).toThrow(String(rank));
  });

  it('settle the method by themselves or agree with the given one', () => {
    expect(trainingSettings({ use_peft: false }).method).toBe('full');
    expect(trainingSettings({ load_in_4bit: true }).method).toBe('qlora');
    expect(trainingSettings({}).method).toBe('lora');
    expect(() => trainingSettings({ load_in_4bit: true }, 'full')).toThrow('contradicts the method full');
    expect(() => trainingSettings({}, 'foo' as never)).toThrow('expected qlora, lora or full');
    expect(trainingSettings({}, 'full').lora).toBeUndefined();
    expect(trainingSettings({ lora_target_modules: 'q_proj, v_proj' }).lora?.targetModules).toEqual([
      'q_proj',
      'v_proj',
    ]);
  });
});
