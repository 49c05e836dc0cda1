import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HoneError, asHoneError, canonicalJson, digestOf, refusal, seeded, shuffledIndices, suggest } from './index.js';

describe('canonical JSON', () => {
  it('gives equal values equal text whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('matches a digest computed by sha256sum', () => {
    expect(digestOf({ b: 1, a: [true, null] })).toBe(
      'sha256:51705a2c9eb3e7e410a58f696a770c3ac3885a0cf43eb7fc88f5e47c11d4d30d',
    );
  });

  it('refuses numbers that JSON cannot hold', () => {
    expect(() => canonicalJson({ x: NaN })).toThrow('finite number');
  });
});

describe('errors', () => {
  it('survive the bus with kind, code, status and param', () => {
    const sent = refusal('unknown_model', 'no such model', { param: 'model', status: 404 });
    expect(HoneError.from(JSON.parse(JSON.stringify(sent)))).toMatchObject({
      kind: 'refusal',
      code: 'unknown_model',
      status: 404,
      param: 'model',
    });
  });

  it('count an unknown exception as a bug and keep its message', () => {
    expect(asHoneError(new TypeError('x is not a function'))).toMatchObject({
      kind: 'bug',
      message: 'x is not a function',
    });
  });
});

describe('seeded numbers', () => {
  it('depend on seed and path alone', () => {
    const first = shuffledIndices(100, seeded(7, 'epoch', 2));
    expect(shuffledIndices(100, seeded(7, 'epoch', 2))).toEqual(first);
    expect(shuffledIndices(100, seeded(7, 'epoch', 3))).not.toEqual(first);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

describe('suggestions', () => {
  it('name the nearest known word and stay silent when none is near', () => {
    expect(suggest('n_epoch', ['n_epochs', 'batch_size'])).toBe('n_epochs');
    expect(suggest('zzzzzzzz', ['n_epochs', 'batch_size'])).toBeUndefined();
  });
});
