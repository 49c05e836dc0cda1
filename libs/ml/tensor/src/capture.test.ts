// A captured body gives the bits of the same body run op by op, in less memory, and refuses what it cannot repeat.
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { add, capture, empty, fromFloats, fromInts, gatherRows, keep, memoryStats, rmsNorm, scoped } from './index.js';
import { packLifetimes } from './pack-lifetimes.js';
import type { Tensor } from './tensor.js';

afterEach(() => expect(memoryStats().liveBytes).toBe(0));

const table = Float32Array.from({ length: 64 }, (_, at) => Math.sin(at));

describe('capture', () => {
  const body = (x: Tensor, weight: Tensor, index: Tensor): Tensor => {
    let rows = gatherRows(x, index);
    for (let layer = 0; layer < 6; layer++) rows = add(rows, rmsNorm(rows, weight, 1e-6));
    return add(rows, fromFloats(new Float32Array(16).fill(2), [2, 8]));
  };

  it('repeats a body with new numbers as if it were composed anew', () => {
    const x = keep(fromFloats(table, [8, 8]));
    const weight = keep(fromFloats(table.subarray(3, 11)));
    const input = keep(empty([2], 'i32'));
    const plan = capture(() => ({ y: body(x, weight, input) }), { input });
    for (const ids of [Int32Array.of(3, 0), Int32Array.of(7, 7)]) {
      plan.run(ids);
      const eager = scoped(() => body(x, weight, fromInts(ids)));
      expect(plan.results.y.floats()).toEqual(eager.floats());
      eager.free();
    }
    expect(() => plan.run(Int32Array.of(8, 0))).toThrow('expected values from 0 and below 8');
    // Six layers, and room for two or three of their tensors of 64 bytes, the constant and the result.
    expect(plan.bytes).toBeLessThanOrEqual(7 * 64);
    for (const tensor of [x, weight, input]) tensor.free();
    plan.free();
  });

  it('keeps what it uses until it is freed', () => {
    const x = keep(fromFloats(table, [8, 8]));
    const plan = capture(() => ({ y: add(x, x) }));
    x.free();
    plan.run();
    expect(plan.results.y.floats()[1]).toBe(2 * Math.fround(Math.sin(1)));
    plan.free();
  });

  it('refuses a body that decides by values', () => {
    const x = keep(fromFloats(table, [8, 8]));
    const reads = () => ({ y: (add(x, x).floats()[0] as number) > 0 ? add(x, x) : x });
    expect(() => capture(reads)).toThrow('expected ops alone');
    x.free();
  });
});

describe('packLifetimes', () => {
  const lifetime = fc
    .record({ begin: fc.nat(30), length: fc.nat(8), bytes: fc.integer({ min: 1, max: 1000 }) })
    .map(({ begin, length, bytes }) => ({ begin, end: begin + length, bytes }));

  it('never lets two share bytes at a time, nor takes more than all of them together', () => {
    fc.assert(
      fc.property(fc.array(lifetime, { maxLength: 40 }), (lifetimes) => {
        const { offsets, bytes } = packLifetimes(lifetimes);
        lifetimes.forEach((a, i) => {
          expect((offsets[i] as number) + a.bytes).toBeLessThanOrEqual(bytes);
          lifetimes.slice(i + 1).forEach((b, j) => {
            const [low, high] = [offsets[i] as number, offsets[i + 1 + j] as number];
            const isApart = a.end <= b.begin || b.end <= a.begin || low + a.bytes <= high || high + b.bytes <= low;
            expect(isApart).toBe(true);
          });
        });
        expect(bytes).toBeLessThanOrEqual(lifetimes.reduce((sum, one) => sum + Math.ceil(one.bytes / 64) * 64, 0));
      }),
    );
  });
});
