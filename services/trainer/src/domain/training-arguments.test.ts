import { describe, expect, it } from '@jest/globals';
import { trainingSettings } from '@hone/recipes';
import type { Hyperparameters } from '@hone/contracts';
import { trainingArguments } from './training-arguments.js';

/** Through the recipe's own reader, so that a default it would refuse fails here. */
function settings(given: Hyperparameters, rows?: number, hasValidation = false) {
  const order = trainingArguments(given, {
    rows,
    hasValidation,
    seed: 7,
    defaultLearningRate: (method) => trainingSettings({}, method).learningRate,
  });
  return trainingSettings(order.arguments, order.method);
}

describe('hyper-parameters of a job', () => {
  it('choose QLoRA on all linear layers, r = 16, when nothing is said', () => {
    expect(settings({})).toMatchObject({
      method: 'qlora',
      epochs: undefined,
      batchUnits: 16,
      lora: { r: 16, loraAlpha: 32, targetModules: 'all-linear' },
    });
  });

  it('take the names of the OpenAI API', () => {
    const plain = settings({}, 600);
    expect(settings({ n_epochs: 2, batch_size: 8, learning_rate_multiplier: 3 }, 600)).toMatchObject({
      epochs: 2,
      batchUnits: 8,
      learningRate: plain.learningRate * 3,
    });
  });

  it('take the names of TrainingArguments and LoraConfig', () => {
    expect(
      settings({
        num_train_epochs: 1,
        per_device_train_batch_size: 2,
        learning_rate: 1e-3,
        r: 8,
        lr_scheduler_type: 'linear',
        method: 'lora',
      }),
    ).toMatchObject({
      method: 'lora',
      epochs: 1,
      batchUnits: 2,
      learningRate: 1e-3,
      scheduler: 'linear',
      lora: { r: 8 },
    });
  });

  it('treat "auto" as not said, and fit the batch to the data', () => {
    expect(settings({ n_epochs: 'auto', batch_size: 'auto', learning_rate_multiplier: 'auto' }, 200).batchUnits).toBe(
      5,
    );
  });

  it('keep the best weights when there is a validation split', () => {
    expect(settings({}, 600, true)).toMatchObject({ keepBest: true, evalStrategy: 'steps' });
    expect(settings({}, 600, false)).toMatchObject({ keepBest: false, evalStrategy: 'no' });
  });

  it('refuse a misspelt name with a suggestion and a method that does not exist', () => {
    expect(() => settings({ n_epoch: 3 } as Hyperparameters)).toThrow('did you mean n_epochs');
    expect(() => settings({ method: 'dora' } as Hyperparameters)).toThrow('one of qlora, lora, full');
  });
});
