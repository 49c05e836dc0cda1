// Goal: our int8 is bitsandbytes' own (LLM.int8, row-wise), and its stored parts are taken bit for bit. Method: a small matrix
// that bitsandbytes quantised (tests/golden/bitsandbytes-int8, with the script and versions), compared code by code.
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Handle,
  init,
  packInt4FromParts,
  packInt8FromParts,
  packNf4FromParts,
  packWeight,
  tensorAlloc,
  tensorFree,
  tensorRead,
  tensorWrite,
  unpackWeight,
  useDevice,
  weightBytes,
} from '@hone/native';
import { readFileSync } from 'node:fs';

interface Golden {
  shape: [number, number];
  source: number[];
  codes: number[];
  absmax: number[];
  restored: number[];
}
const golden = JSON.parse(
  readFileSync(new URL('../golden/bitsandbytes-int8/expected.json', import.meta.url), 'utf8'),
) as Golden;

function valuesOf(weight: Handle, count: number): number[] {
  const plain = unpackWeight(weight);
  const values = new Float32Array(count);
  tensorRead(plain, values);
  for (const tensor of [plain, weight]) tensorFree(tensor);
  return [...values];
}

beforeAll(() => {
  init();
});

describe('int8 by rows', () => {
  it('quantises to the values of bitsandbytes, bit for bit', () => {
    const source = tensorAlloc('f32', golden.shape);
    tensorWrite(source, Float32Array.from(golden.source));
    const packed = packWeight(source, 'int8');
    tensorFree(source);
    expect(valuesOf(packed, golden.source.length)).toEqual(golden.restored);
  });

  it('takes the stored codes and scales of bitsandbytes, bit for bit', () => {
    const parts = { codes: Int8Array.from(golden.codes), absmax: Float32Array.from(golden.absmax) };
    expect(valuesOf(packInt8FromParts(parts, golden.shape), golden.source.length)).toEqual(golden.restored);
  });
});

describe('a weight from parts', () => {
  const int4 = { codes: new Uint8Array(64), scales: new Float32Array(4), zeros: new Uint8Array(4), groupSize: 32 };

  it('is (code - zero) scale for int4', () => {
    const codes = Uint8Array.of(0x9f, ...new Array<number>(31).fill(0x88));
    const parts = { codes, scales: Float32Array.of(0.5, 2), zeros: Uint8Array.of(8, 16), groupSize: 32 };
    expect(valuesOf(packInt4FromParts(parts, [1, 64]), 64)).toEqual([0.5, 3.5, ...fill(30, 0), ...fill(32, -16)]);
  });

  it('is refused when a part has another length than the shape asks for', () => {
    const pack = (part: object) => () => packInt4FromParts({ ...int4, ...part }, [2, 64]);
    expect(pack({ codes: new Uint8Array(63) })).toThrow('expected 64 values for codes but received 63');
    expect(pack({ scales: new Float32Array(2) })).toThrow('expected 4 values for scales');
    expect(pack({ zeros: new Uint8Array(4).fill(17) })).toThrow('expected zero points from 0 to 16');
    const plain = { codes: new Uint8Array(64), absmax: new Float32Array(1) };
    expect(() => packNf4FromParts(plain, [2, 64])).toThrow('expected 2 values for absmax');
  });

  it('is only counted on the null device, and takes as many bytes there', () => {
    const counted = (device: 'cpu' | 'null', make: () => Handle): number => {
      const before = useDevice(device);
      const weight = make();
      const bytes = weightBytes(weight);
      tensorFree(weight);
      useDevice(before);
      return bytes;
    };
    const empty = { codes: new Uint8Array(0), scales: new Float32Array(0), zeros: new Uint8Array(0), groupSize: 32 };
    expect(counted('null', () => packInt4FromParts(empty, [2, 64]))).toBe(
      counted('cpu', () => packInt4FromParts(int4, [2, 64])),
    );
    const plain = { codes: new Uint8Array(64), absmax: new Float32Array(2) };
    expect(counted('null', () => packNf4FromParts(plain, [2, 64]))).toBe(
      counted('cpu', () => packNf4FromParts(plain, [2, 64])),
    );
  });
});

const fill = (count: number, value: number): number[] => new Array<number>(count).fill(value);
