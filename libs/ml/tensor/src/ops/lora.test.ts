// One call for a batch of mixed adapters is held against one call for each row.
import { describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import { fromFloats, fromInts, lora, loraPaged, loraRowStride, scoped } from '../index.js';

const random = seeded(31, 'lora-paged');
const values = (count: number) => Float32Array.from({ length: count }, () => random() * 2 - 1);
const [rows, depth, columns, pages, elements] = [6, 20, 12, 24, 32] as const;

/** Row `index` of rows of `width` numbers. */
const rowOf = (all: Float32Array, index: number, width: number) => all.subarray(index * width, (index + 1) * width);

/** Rows of `width` numbers, of which every `stride` one begins. */
const strided = (all: Float32Array, width: number, stride: number) => all.filter((_, i) => i % stride < width);

/** `count` numbers from `at` on of a slot whose pages are listed from `first` on. */
const listed = (all: Float32Array, list: readonly number[], first: number, at: number, count: number) =>
  Float32Array.from({ length: count }, (_, i) => {
    const page = list[first + Math.floor((at + i) / elements)] as number;
    return all[page * elements + ((at + i) % elements)] as number;
  });

describe('loraPaged', () => {
  it('gives each row the update of its own adapter, and none below 0', () => {
    const [a, b] = [values(pages * elements), values(pages * elements)];
    const [x, y] = [values(rows * depth), values(rows * columns)];
    const list = [7, 2, 11, 0, 5, 4, 9, 13, 22, 17, 20];
    const places = [
      { first: 0, atA: 0, atB: 3, rank: 3 },
      { first: 3, atA: 8, atB: 0, rank: 4 },
      { first: 6, atA: 0, atB: 0, rank: 0 },
      { first: 6, atA: 5, atB: 40, rank: 2 },
    ];
    const scales = [0.5, 2, 1, 3];
    const slotOf = [3, -1, 0, 0, 1, 2];
    scoped(() => {
      const together = fromFloats(y, [rows, columns]);
      const paged = {
        a: fromFloats(a, [pages, elements]),
        b: fromFloats(b, [pages, elements]),
        pages: fromInts(Int32Array.from(list)),
        places: fromInts(Int32Array.from(places.flatMap(({ first, atA, atB, rank }) => [first, atA, atB, rank])), [
          places.length,
          4,
        ]),
        scales: fromFloats(Float32Array.from(scales), [places.length]),
        rankMax: 4,
      };
      loraPaged(fromFloats(x, [rows, depth]), fromInts(Int32Array.from(slotOf)), paged, together);
      const actual = together.floats();
      for (const [row, slot] of slotOf.entries()) {
        const alone = fromFloats(rowOf(y, row, columns), [1, columns]);
        const place = places[slot];
        if (place && place.rank > 0) {
          const { first, atA, atB, rank } = place;
          const own = fromFloats(listed(a, list, first, atA, rank * depth), [rank, depth]);
          const stride = loraRowStride(rank);
          const out = fromFloats(strided(listed(b, list, first, atB, columns * stride), rank, stride), [columns, rank]);
          lora(fromFloats(rowOf(x, row, depth), [1, depth]), own, out, scales[slot] ?? NaN, alone);
        }
        const expected = alone.floats();
        for (const [n, value] of rowOf(actual, row, columns).entries())
          expect(value).toBeCloseTo(expected[n] ?? NaN, 5);
      }
    });
  });

  it('refuses a slot whose matrices end behind its list, and a rank above the largest', () => {
    scoped(() => {
      const given = (place: readonly number[]) => ({
        a: fromFloats(values(4 * elements), [4, elements]),
        b: fromFloats(values(4 * elements), [4, elements]),
        pages: fromInts(Int32Array.of(0, 1, 3, 2)),
        places: fromInts(Int32Array.from(place), [1, 4]),
        scales: fromFloats(Float32Array.of(1), [1]),
        rankMax: 2,
      });
      const run = (...place: number[]) =>
        loraPaged(
          fromFloats(values(depth), [1, depth]),
          fromInts(Int32Array.of(0)),
          given(place),
          fromFloats(values(columns), [1, columns]),
        );
      run(0, 88, 32, 2);
      for (const place of [
        [0, 89, 0, 2],
        [0, 0, 33, 2],
        [2, 0, 0, 2],
        [0, 0, 0, 3],
        [-1, 0, 0, 2],
        [0, 0, -1, 2],
      ]) {
        expect(() => run(...place)).toThrow('loraPagedForward');
      }
    });
  });
});
