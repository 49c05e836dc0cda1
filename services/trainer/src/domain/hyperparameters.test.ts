import { describe, expect, it } from '@jest/globals';
import { resolveSettings } from './hyperparameters.js';

describe('hyper-parameters', () => {
  it('are chosen by method and data size when absent or "auto"', () => {
    expect(resolveSettings({}, 5000)).toMatchObject({
      method: 'qlora',
      num_train_epochs: 3,
      learning_rate: 3e-4,
      r: 16,
      lora_alpha: 32,
      batch_size: 64,
    });
    expect(resolveSettings({ n_epochs: 'auto', batch_size: 'auto' }, 60)).toMatchObject({
      num_train_epochs: 6,
      batch_size: 4,
    });
    expect(resolveSettings({ method: 'full' }, undefined).learning_rate).toBe(2e-5);
  });

  it('keep what the client says', () => {
    expect(resolveSettings({ n_epochs: 2, learning_rate: 1e-3, learning_rate_multiplier: 2, r: 8 }, 100)).toMatchObject(
      {
        num_train_epochs: 2,
        learning_rate: 2e-3,
        r: 8,
        lora_alpha: 16,
      },
    );
  });

  it('refuse an unknown name with the nearest known one', () => {
    expect(() => resolveSettings({ n_epoch: 3 } as never, 10)).toThrow('did you mean n_epochs?');
  });

  it('refuse a value of the wrong kind or out of range, by name', () => {
    expect(() => resolveSettings({ lr_scheduler_type: 'polynomial' } as never, 10)).toThrow(
      'one of constant, cosine, linear',
    );
    expect(() => resolveSettings({ r: 2.5 } as never, 10)).toThrow('hyperparameters.r');
    expect(() => resolveSettings({ lora_dropout: 1 } as never, 10)).toThrow('from 0 to 0.9');
  });
});
