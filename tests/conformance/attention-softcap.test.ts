// Goal: a soft cap means what it means in torch. Method: a small float64 case with its gradients by autograd (tests/golden/
// attention-softcap, with the script and version), against the recorded op and its gradient rule.
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Tape, attention, fromFloats, fromInts, zeros, type Tensor } from '@hone/tensor';

interface Golden {
  tokens: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  scale: number;
  softcap: number;
  q: number[];
  k: number[];
  v: number[];
  dO: number[];
  cases: { window: number; o: number[]; gradients: [number[], number[], number[]] }[];
}
const golden = JSON.parse(
  readFileSync(new URL('../golden/attention-softcap/expected.json', import.meta.url), 'utf8'),
) as Golden;
const { tokens, heads, kvHeads, headDim, scale, softcap } = golden;

const distance = (actual: Tensor, expected: readonly number[]): number =>
  Math.max(...Array.from(actual.floats(), (value, index) => Math.abs(value - (expected[index] as number))));

function leaf(data: readonly number[], count: number): Tensor {
  const tensor = fromFloats(Float32Array.from(data), [tokens, count, headDim]);
  tensor.requiresGrad = true;
  tensor.grad = zeros(tensor.shape);
  return tensor;
}

describe('attention with a soft cap', () => {
  it.each(golden.cases)('equals torch forward and backward with window $window', ({ window, o, gradients }) => {
    const inputs = [leaf(golden.q, heads), leaf(golden.k, kvHeads), leaf(golden.v, kvHeads)] as const;
    const bounds = fromInts(Int32Array.of(0, tokens));
    const upstream = fromFloats(Float32Array.from(golden.dO), [tokens, heads, headDim]);
    const tape = new Tape();
    const out = tape.record(() => attention(...inputs, bounds, { scale, window, softcap }));
    expect(distance(out, o)).toBeLessThan(2e-6);
    tape.backward(out, upstream);
    inputs.forEach((input, index) => {
      expect(distance(input.grad as Tensor, gradients[index] as number[])).toBeLessThan(1e-5);
      input.grad?.free();
      input.free();
    });
    bounds.free();
    upstream.free();
  });
});
