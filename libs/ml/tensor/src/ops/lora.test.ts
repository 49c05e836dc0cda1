// One call for a batch of mixed adapters is held against one call for each row.
import { describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import { fromFloats, fromInts, lora, loraSlots, scoped } from '../index.js';

const random = seeded(31, 'lora-slots');
const values = (count: number) => Float32Array.from({ length: count }, () => random() * 2 - 1);
const [rows, slots, rank, depth, columns] = [6, 3, 4, 20, 12] as const;

/** Row `index` of rows of `width` numbers. */
const rowOf = (all: Float32Array, index: number, width: number) => all.subarray(index * width, (index + 1) * width);

describe('loraSlots', () => {
  it('gives each row the update of its own adapter, and none below 0', () => {
    const a = values(slots * rank * depth);
    const b = values(slots * columns * rank);
    const x = values(rows * depth);
    const y = values(rows * columns);
    const scales = [0.5, 2, 1];
    const slotOf = [2, -1, 0, 0, 1, 2];
    scoped(() => {
      const together = fromFloats(y, [rows, columns]);
      const adapters = {
        a: fromFloats(a, [slots, rank, depth]),
        b: fromFloats(b, [slots, columns, rank]),
        scales: fromFloats(Float32Array.from(scales), [slots]),
      };
      loraSlots(fromFloats(x, [rows, depth]), fromInts(Int32Array.from(slotOf)), adapters, together);
      const actual = together.floats();
      for (const [row, slot] of slotOf.entries()) {
        const alone = fromFloats(rowOf(y, row, columns), [1, columns]);
        if (slot >= 0) {
          const own = fromFloats(rowOf(a, slot, rank * depth), [rank, depth]);
          const out = fromFloats(rowOf(b, slot, columns * rank), [columns, rank]);
          lora(fromFloats(rowOf(x, row, depth), [1, depth]), own, out, scales[slot] ?? NaN, alone);
        }
        const expected = alone.floats();
        for (const [n, value] of rowOf(actual, row, columns).entries())
          expect(value).toBeCloseTo(expected[n] ?? NaN, 5);
      }
    });
  });
});
