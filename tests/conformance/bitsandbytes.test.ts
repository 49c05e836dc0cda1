// Goal: our NF4 with double quantization is bitsandbytes' own. Method: a small matrix that bitsandbytes quantised (tests/golden/
// bitsandbytes-nf4, with the script and versions), compared code by code.
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  init,
  type Nf4Parts,
  packWeight,
  quantizeNf4,
  tensorAlloc,
  tensorFree,
  tensorRead,
  tensorWrite,
  unpackWeight,
} from '@hone/native';
import { readFileSync } from 'node:fs';

interface Golden {
  shape: [number, number];
  source: number[];
  codes: number[];
  absmax_codes: number[];
  nested_absmax: number[];
  offset: number;
  restored: number[];
}
const golden = JSON.parse(
  readFileSync(new URL('../golden/bitsandbytes-nf4/expected.json', import.meta.url), 'utf8'),
) as Golden;

describe('NF4 with double quantization', () => {
  let parts: Nf4Parts;
  const restored = new Float32Array(golden.source.length);

  beforeAll(() => {
    init();
    const source = tensorAlloc('f32', golden.shape);
    tensorWrite(source, Float32Array.from(golden.source));
    const packed = packWeight(source, 'nf4');
    parts = quantizeNf4(source);
    const plain = unpackWeight(packed);
    tensorRead(plain, restored);
    for (const tensor of [plain, packed, source]) tensorFree(tensor);
  });

  it('gives the codes of bitsandbytes, bit for bit', () => {
    expect([...parts.codes]).toEqual(golden.codes);
    expect([...parts.absmaxCodes]).toEqual(golden.absmax_codes);
  });

  it('gives its nested scale and offset within one unit in the last place', () => {
    expect(Math.abs(parts.offset - golden.offset)).toBeLessThanOrEqual(golden.offset * 2 ** -23);
    parts.nestedAbsmax.forEach((value, index) => {
      const expected = golden.nested_absmax[index] as number;
      expect(Math.abs(value - expected)).toBeLessThanOrEqual(2 * expected * 2 ** -23);
    });
  });

  it('packs the weights that it restores, each scale rounded to 16 bits of the largest of its row', () => {
    const columns = golden.shape[1];
    for (let row = 0; row < golden.restored.length; row += columns) {
      // A code of 1 or -1 makes the largest value of a row the largest scale, or it is close enough to it.
      const expected = golden.restored.slice(row, row + columns);
      const largest = Math.max(...expected.map(Math.abs));
      expected.forEach((value, column) =>
        expect(Math.abs((restored[row + column] as number) - value)).toBeLessThanOrEqual(1.01 * 2 ** -16 * largest),
      );
    }
  });
});
