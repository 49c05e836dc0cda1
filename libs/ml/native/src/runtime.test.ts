// Handles, transfers, counting and errors over the real addon.
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  init,
  planFree,
  planRecord,
  planRun,
  kernelName,
  memoryStats,
  nativeOps,
  opNames,
  opNumber,
  opSpecs,
  packWeight,
  quantizeNf4,
  resetPeak,
  tensorAlloc,
  tensorDescribe,
  tensorFree,
  tensorRead,
  tensorReinterpret,
  tensorView,
  tensorWrite,
  unpackWeight,
  useDevice,
  weightBytes,
} from './index.js';
import type { Handle } from './index.js';

const open: Handle[] = [];
const own = (handle: Handle): Handle => {
  open.push(handle);
  return handle;
};

function floats(shape: number[], values?: number[]): Handle {
  const tensor = own(tensorAlloc('f32', shape));
  if (values !== undefined) tensorWrite(tensor, Float32Array.from(values));
  return tensor;
}

function read(tensor: Handle, count: number, offset = 0): number[] {
  const data = new Float32Array(count);
  tensorRead(tensor, data, offset);
  return [...data];
}

/** The error that a call throws, as plain fields. */
function failure(call: () => void): { code?: string; op?: string; message: string } {
  try {
    call();
  } catch (error) {
    return error as Error & { code: string; op: string };
  }
  throw new Error('expected the call to throw');
}

beforeAll(() => {
  init();
});

afterEach(() => {
  for (const handle of open.splice(0)) tensorFree(handle);
  expect(memoryStats('cpu')).toMatchObject({ liveBytes: 0, liveTensors: 0 });
  expect(memoryStats('null')).toMatchObject({ liveBytes: 0, liveTensors: 0 });
});

describe('the runtime', () => {
  it('reports the same settings however often it is started', () => {
    const first = init();
    expect(init({ threads: first.threads + 3 })).toEqual(first);
    expect(first.isasAvailable).toContain(first.isa);
    expect(first.isasAvailable[0]).toBe('plain');
  });

  it('copies every dtype in and out unchanged', () => {
    const cases = [
      ['f32', new Float32Array([1.5, -2, 3e-30]), new Float32Array(3)],
      ['i32', new Int32Array([1, -2, 2147483647]), new Int32Array(3)],
      ['bf16', new Uint16Array([1, 2, 65535]), new Uint16Array(3)],
      ['f16', new Uint16Array([1, 2, 65535]), new Uint16Array(3)],
      ['u8', new Uint8Array([1, 2, 255]), new Uint8Array(3)],
    ] as const;
    for (const [dtype, data, back] of cases) {
      const tensor = own(tensorAlloc(dtype, [3]));
      tensorWrite(tensor, data);
      tensorRead(tensor, back);
      expect(back).toEqual(data);
      expect(tensorDescribe(tensor)).toEqual({ device: 'cpu', dtype, shape: [3] });
    }
  });

  it('reads a part of an array that starts in the middle of its buffer', () => {
    const tensor = floats([4], [1, 2, 3, 4]);
    const whole = new Float32Array(6);
    tensorRead(tensor, whole.subarray(2, 4), 1);
    expect([...whole]).toEqual([0, 0, 2, 3, 0, 0]);
  });

  it('shares memory between a tensor and its views until the last is freed', () => {
    const whole = tensorAlloc('f32', [4, 2]);
    tensorWrite(whole, Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]));
    const rows = own(tensorView(whole, 2, [2, 2]));
    nativeOps.tensorScale(rows, 10);
    expect(read(whole, 8)).toEqual([0, 1, 20, 30, 40, 50, 6, 7]);
    tensorFree(whole);
    expect(read(rows, 4)).toEqual([20, 30, 40, 50]);
  });

  it('reads the bits of a tensor as numbers of another dtype of the same size, and of no other', () => {
    const words = own(tensorAlloc('i32', [2, 2]));
    tensorWrite(words, Int32Array.from([0, 0x3f800000, -1, 0x40490fdb]));
    const numbers = own(tensorReinterpret(words, 'f32'));
    expect(tensorDescribe(numbers)).toEqual({ device: 'cpu', dtype: 'f32', shape: [2, 2] });
    expect(read(numbers, 4)).toEqual([0, 1, NaN, Math.fround(Math.PI)]);
    expect(failure(() => tensorReinterpret(words, 'bf16')).code).toBe('NATIVE_BAD_ARGUMENT');
  });

  it('refuses a shape, an offset or an attribute that is not a number of its kind, by name', () => {
    const shapes: [number[], string][] = [
      [[NaN, 4], 'expected a whole number from 0 and below 2^53 for dimension 0 of shape but received NaN ([NaN,4])'],
      [[3, 1.5], 'for dimension 1 of shape but received 1.5 ([3,1.5]); fix: round it before the call'],
      [[3, -1, 4], 'for dimension 1 of shape but received -1 ([3,-1,4])'],
      [[2 ** 53], 'for dimension 0 of shape but received 9007199254740992'],
      [[], 'expected 1 to 4 dimensions for shape but received 0'],
      [[1, 2, 3, 4, 5], 'expected 1 to 4 dimensions for shape but received 5 ([1,2,3,4,5])'],
    ];
    const tensor = floats([4], [1, 2, 3, 4]);
    for (const [shape, message] of shapes) {
      expect(failure(() => tensorAlloc('f32', shape)).message).toContain(`[tensorAlloc] expected`);
      expect(failure(() => tensorAlloc('f32', shape)).message).toContain(message);
      expect(failure(() => tensorView(tensor, 0, shape)).message).toContain(message);
    }
    for (const offset of [NaN, 0.5, 2 ** 54]) {
      expect(failure(() => tensorView(tensor, offset, [1])).message).toContain('only whole numbers within 2^53');
      expect(failure(() => tensorRead(tensor, new Float32Array(1), offset)).code).toBe('NATIVE_BAD_ARGUMENT');
    }
    expect(failure(() => nativeOps.tensorScale(tensor, Infinity))).toMatchObject({
      op: 'tensorScale',
      code: 'NATIVE_BAD_ARGUMENT',
      message: '[tensorScale] expected a finite number of f32 for s but received inf; fix: bring it into the range',
    });
    expect(read(tensor, 4)).toEqual([1, 2, 3, 4]);
  });

  it('remembers the peak until it is reset', () => {
    resetPeak();
    const before = memoryStats().peakBytes;
    const big = tensorAlloc('f32', [1000, 100]);
    tensorFree(big);
    expect(memoryStats().peakBytes).toBe(before + 400_000);
    resetPeak();
    expect(memoryStats().peakBytes).toBe(0);
  });

  it('counts on the null device what the cpu would take, and computes nothing', () => {
    const before = useDevice('null');
    try {
      const x = floats([1 << 20, 1 << 12]);
      const y = floats([1 << 20, 1 << 12]);
      nativeOps.swigluForward(x, x, y);
      expect(memoryStats().liveBytes).toBe(2 ** 35);
      expect(read(y, 3)).toEqual([0, 0, 0]);
      expect(failure(() => nativeOps.tensorAdd(x, floats([3]), y)).code).toBe('NATIVE_BAD_ARGUMENT');
    } finally {
      useDevice(before);
    }
  });
});

describe('errors', () => {
  it('name the op, the argument and the remedy for a handle that was freed', () => {
    const tensor = tensorAlloc('f32', [2]);
    tensorFree(tensor);
    const error = failure(() => nativeOps.tensorFill(tensor, 1));
    expect(error).toMatchObject({ code: 'NATIVE_BAD_HANDLE', op: 'tensorFill' });
    expect(error.message).toMatch(
      /^\[tensorFill\] x: expected a live tensor handle but received \d+ \(freed earlier\); fix: /,
    );
    expect(failure(() => tensorFree(tensor)).code).toBe('NATIVE_BAD_HANDLE');
    expect(failure(() => tensorFree(123_456)).message).toContain('never given out');
  });

  it('show the shape that was expected and the one that came', () => {
    const x = floats([3, 8]);
    const error = failure(() => nativeOps.rmsNormForward(x, floats([7]), x, floats([3]), 1e-5, 0));
    expect(error).toMatchObject({ code: 'NATIVE_BAD_ARGUMENT', op: 'rmsNormForward' });
    expect(error.message).toBe('[rmsNormForward] expected shape [d] with T=3, d=8 for weight but received f32 [7]');
  });

  it('refuse what is not a number, and an array of the wrong kind', () => {
    const x = floats([2]);
    expect(failure(() => nativeOps.tensorScale(x, 'two' as unknown as number)).code).toBe('NATIVE_BAD_ARGUMENT');
    expect(failure(() => tensorWrite(x, new Int32Array(2))).message).toContain('expected data for f32 [2]');
    expect(failure(() => tensorWrite(x, new Float64Array(2) as unknown as Float32Array)).code).toBe(
      'NATIVE_BAD_ARGUMENT',
    );
    expect(failure(() => tensorRead(x, new Float32Array(3))).message).toContain('expected at most 2 elements');
  });

  it('refuse an index that the table does not have', () => {
    const ids = own(tensorAlloc('i32', [2]));
    tensorWrite(ids, Int32Array.from([0, 5]));
    const error = failure(() => nativeOps.gatherRows(floats([5, 2]), ids, floats([2, 2])));
    expect(error.message).toContain('expected values from 0 and below 5 for index but received 5 at 1');
  });
});

describe('ops', () => {
  it('all have a kernel, and a named one', () => {
    for (const op of opNames) {
      expect(kernelName(op)).toMatch(new RegExp(`^(reference|avx2|avx512|avx512bf16|amx)/${op}$`));
      expect(opSpecs[op].args.length).toBeGreaterThan(0);
    }
  });

  it('normalise a row as the formula says', () => {
    const y = floats([1, 2]);
    const rstd = floats([1]);
    nativeOps.rmsNormForward(floats([1, 2], [3, 4]), floats([2], [1, 2]), y, rstd, 0, 0);
    expect(read(rstd, 1)[0]).toBeCloseTo(1 / Math.sqrt(12.5), 6);
    expect(read(y, 2)[1]).toBeCloseTo((4 / Math.sqrt(12.5)) * 2, 5);
  });

  it('run a recorded list in one crossing', () => {
    const x = floats([3]);
    const fill = opNumber('tensorFill');
    const scale = opNumber('tensorScale');
    const plan = planRecord(Float64Array.from([fill, x, 2, scale, x, 4]), 0, 0);
    planRun(plan, new Int32Array(), new Int32Array());
    expect(read(x, 3)).toEqual([8, 8, 8]);
    planFree(plan);
    expect(failure(() => planRun(plan, new Int32Array(), new Int32Array())).code).toBe('NATIVE_BAD_HANDLE');
    expect(failure(() => planRecord(Float64Array.from([fill, x, 2, 99]), 0, 0)).code).toBe('NATIVE_BAD_ARGUMENT');
  });

  it('pack a weight, multiply with it and give its exact values back', () => {
    const values = Array.from({ length: 128 }, (_, i) => Math.fround(Math.sin(i)));
    const plain = floats([2, 64], values);
    const packed = own(packWeight(plain, 'packed-f32'));
    expect(read(own(unpackWeight(packed)), 128)).toEqual(values);
    const y = floats([1, 2]);
    nativeOps.linearForward(floats([1, 64], values.slice(0, 64)), packed, 0, y);
    const expected = values.slice(0, 64).reduce((sum, value) => sum + value * value, 0);
    expect(read(y, 2)[0]).toBeCloseTo(expected, 4);
    const nf4 = own(packWeight(plain, 'nf4'));
    expect(quantizeNf4(plain).codes).toHaveLength(64);
    expect(failure(() => quantizeNf4(nf4)).code).toBe('NATIVE_BAD_ARGUMENT');
    const wide = floats([768, 768]);
    expect(weightBytes(own(packWeight(wide, 'nf4'))) / weightBytes(own(packWeight(wide, 'packed-bf16')))).toBeLessThan(
      0.27,
    );
    expect(weightBytes(plain)).toBe(512);
  });
});
