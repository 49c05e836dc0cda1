import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readSettings, variableOf } from './settings.js';

const own = z.object({
  batchMax: z.int().min(1).default(8),
  device: z.enum(['auto', 'cpu', 'cuda']).default('auto'),
  models: z.array(z.string()).default([]),
  label: z.string().optional(),
});
const read = (environment: Record<string, string>, text?: string) =>
  readSettings('serving', own, { environment, ...(text === undefined ? {} : { file: { path: 'hone.yaml', text } }) });
const refusalOf = (work: () => unknown): string => {
  try {
    work();
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return 'nothing was refused';
};

describe('settings', () => {
  it('names the variable of a setting', () => {
    expect(variableOf('HONE_', 's3AccessKeyId')).toBe('HONE_S3_ACCESS_KEY_ID');
    expect(variableOf('HONE_SERVING_', 'batchMax')).toBe('HONE_SERVING_BATCH_MAX');
  });

  it('takes the environment over the file over the default', () => {
    const file = 'natsUrl: nats://file:1\nserving:\n  batchMax: 4\n  models: [a, b]\n';
    expect(read({})).toMatchObject({ batchMax: 8, device: 'auto', natsUrl: 'nats://127.0.0.1:4222' });
    expect(read({}, file)).toMatchObject({ batchMax: 4, models: ['a', 'b'], natsUrl: 'nats://file:1' });
    expect(read({ HONE_SERVING_BATCH_MAX: '2', HONE_NATS_URL: 'nats://env:1' }, file)).toMatchObject({
      batchMax: 2,
      natsUrl: 'nats://env:1',
    });
  });

  it('reads numbers, truth values, lists and text from the environment', () => {
    const environment = {
      HONE_SERVING_MODELS: '["a"]',
      HONE_LOCAL_TRACES: 'false',
      HONE_SERVING_LABEL: '42',
      HONE_SERVING_DEVICE: 'cpu',
    };
    expect(read(environment)).toMatchObject({ models: ['a'], localTraces: false, label: '42', device: 'cpu' });
  });

  it('says the variable, what was expected, what was received and what to do', () => {
    expect(refusalOf(() => read({ HONE_SERVING_BATCH_MAX: 'many' }))).toMatch(
      /^\[settings\] expected .*(int|number).* for HONE_SERVING_BATCH_MAX but received "many"; fix: set HONE_SERVING_BATCH_MAX/,
    );
    expect(refusalOf(() => read({}, 'serving:\n  device: tpu\n'))).toContain(
      'for device in hone.yaml but received "tpu"',
    );
    expect(refusalOf(() => read({}, 'serving: 7\n'))).toContain('hone.yaml: serving');
    expect(refusalOf(() => read({}, 'a: [b\n'))).toContain('expected YAML for hone.yaml');
  });

  it('refuses a misspelt setting and names the near one', () => {
    expect(refusalOf(() => read({ HONE_SERVING_BATCH_MAXX: '2' }))).toContain('use one of HONE_SERVING_BATCH_MAX');
    expect(refusalOf(() => read({}, 'serving:\n  batchMx: 2\n'))).toContain('use one of batchMax');
  });

  it('never shows a secret that does not fit', () => {
    expect(
      refusalOf(() =>
        readSettings('gateway', z.object({ adminToken: z.string().min(40) }), {
          environment: { HONE_GATEWAY_ADMIN_TOKEN: 'canary' },
        }),
      ),
    ).not.toContain('canary');
  });
});
