// The passes of a decoder layer between its products, through the ops that a training step calls. `bytes` is what an ideal pass
// reads and writes: each operand once.
import { nativeOps, tensorAlloc, tensorFree, tensorWrite } from '@hone/native';
import { init } from '@hone/tensor';
import { serve } from '../protocol/serve.mjs';

/** Uniform in [-1, 1). */
function random(count, seed) {
  const values = new Float32Array(count);
  let state = seed;
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[index] = state / 2 ** 31 - 1;
  }
  return values;
}

/** Tensors that are freed together; `make(shape)` gives one of random numbers. */
function tensors() {
  const all = [];
  const keep = (dtype, shape, values) => {
    all.push(tensorAlloc(dtype, shape));
    tensorWrite(all.at(-1), values);
    return all.at(-1);
  };
  return {
    make: (shape) =>
      keep(
        'f32',
        shape,
        random(
          shape.reduce((product, size) => product * size, 1),
          all.length + 1,
        ),
      ),
    keep,
    free: () => all.forEach((tensor) => tensorFree(tensor)),
  };
}

const calls = {
  addRmsNorm: ({ make }, { tokens, width }) => {
    const [x, sum, weight, y] = [make([tokens, width]), make([tokens, width]), make([width]), make([tokens, width])];
    const rstd = make([tokens]);
    return [() => nativeOps.addRmsNorm(x, sum, weight, y, rstd, 1e-6, 0), 16 * tokens * width];
  },
  rmsNormBackward: ({ make }, { tokens, width }) => {
    const [dy, x, dx] = [make([tokens, width]), make([tokens, width]), make([tokens, width])];
    const [weight, dweight, rstd] = [make([width]), make([width]), make([tokens])];
    return [() => nativeOps.rmsNormBackward(dy, x, weight, rstd, dx, dweight, 0, true), 16 * tokens * width];
  },
  swigluForward: ({ make }, { tokens, width }) => {
    const [gate, up, y] = [1, 2, 3].map(() => make([tokens, width]));
    return [() => nativeOps.swigluForward(gate, up, y), 12 * tokens * width];
  },
  swigluBackward: ({ make }, { tokens, width }) => {
    const [dy, gate, up, dgate, dup] = [1, 2, 3, 4, 5].map(() => make([tokens, width]));
    return [() => nativeOps.swigluBackward(dy, gate, up, dgate, dup), 20 * tokens * width];
  },
  rope: ({ make, keep }, { tokens, heads, headDim }) => {
    const x = make([tokens, heads, headDim]);
    const positions = keep(
      'i32',
      [tokens],
      Int32Array.from({ length: tokens }, (_, index) => index),
    );
    const half = headDim / 2;
    const frequencies = Float32Array.from({ length: half }, (_, index) => 10000 ** (-index / half));
    const invFreq = keep('f32', [half], frequencies);
    return [() => nativeOps.rope(x, positions, invFreq, 1, false), 8 * tokens * heads * headDim];
  },
};

const prepare = (name) => (parameters) => {
  init({ device: 'cpu' });
  const held = tensors();
  const [call, bytes] = calls[name](held, parameters);
  return { call, detail: { bytes }, free: held.free };
};

await serve(Object.fromEntries(Object.keys(calls).map((name) => [name, prepare(name)])));
