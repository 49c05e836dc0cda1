import { describe, expect, it } from '@jest/globals';
import { messageBytesMax } from '@hone/contracts';
import fc from 'fast-check';
import { formatOfAdapter, formatOfBase } from './base-format.js';
import { framesOfDelta } from './frames.js';

const report = fc.record({
  token: fc.string({ maxLength: 8 }),
  bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 8 }),
  logprob: fc.oneof(fc.constant(null), fc.double({ min: -50, max: 0, noNaN: true })),
  top: fc.constant(Array.from({ length: 20 }, () => ({ token: '\u0001\u0001', bytes: [1, 1], logprob: -1.123456789 }))),
});

describe('the frames of a delta', () => {
  it('fit a message and join to the same text and reports', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '\u0000', '€', '😀'), maxLength: 40_000 }),
        fc.option(fc.array(report, { maxLength: 300 }), { nil: undefined }),
        (text, logprobs) => {
          const frames = framesOfDelta(2, text, logprobs);
          expect(frames.map((frame) => frame.text).join('')).toBe(text);
          expect(frames.every((frame) => frame.index === 2 && !/[\ud800-\udbff]$/.test(frame.text))).toBe(true);
          if (logprobs) expect(frames.flatMap((frame) => frame.logprobs ?? [])).toEqual(logprobs);
          else expect(frames.some((frame) => 'logprobs' in frame)).toBe(false);
          for (const frame of frames) {
            expect(Buffer.byteLength(JSON.stringify(frame))).toBeLessThan(messageBytesMax);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the format of a base', () => {
  const plain = () => undefined;

  it('is plain when small, four bits when large, and what the setting says otherwise', () => {
    const formats = [
      formatOfBase('auto', 1e6, plain),
      formatOfBase('auto', 1e9, plain),
      formatOfBase('bf16', 1e9, plain),
    ];
    expect(formats).toEqual(['f32', 'nf4', 'bf16']);
  });

  it('is the stored one for a large base whose files hold codes', () => {
    const formats = [
      formatOfBase('auto', 1e9, () => 'int4'),
      formatOfBase('auto', 1e9, () => 'int8'),
      formatOfBase('auto', 1e6, () => 'int4'),
      formatOfBase('nf4', 1e9, () => 'int4'),
      formatOfAdapter({}, 'auto', 1e9, () => 'int4'),
    ];
    expect(formats).toEqual(['int4', 'int8', 'f32', 'nf4', 'int4']);
  });

  it('under an adapter is the one that its trainer held', () => {
    expect(formatOfAdapter({ method: 'qlora' }, 'f32', 1e6, plain)).toBe('nf4');
    expect(formatOfAdapter({ method: 'lora' }, 'auto', 1e9, plain)).toBe('f32');
    expect(formatOfAdapter({}, 'auto', 1e9, plain)).toBe('nf4');
    expect(formatOfAdapter({ method: 'lora', base_format: 'int8' }, 'auto', 1e9, plain)).toBe('int8');
  });
});
