// Causal attention, forward and backward, through the ops that a training step calls. `lengths` are the packed sequences.
import { nativeOps, tensorAlloc, tensorFree, tensorWrite } from '@hone/native';
import { init } from '@hone/tensor';
import { serve } from '../protocol/serve.mjs';

/** Numbers of about unit variance: the sum of four uniform ones. */
function random(count, seed) {
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Float32Array.from({ length: count }, () => (next() + next() + next() + next() - 2) * Math.sqrt(3));
}

function attention({ lengths, heads, kvHeads, headDim, precision }) {
  init({ device: 'cpu' });
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const all = [];
  const make = (dtype, shape) => {
    all.push(tensorAlloc(dtype, shape));
    return all.at(-1);
  };
  const filled = (count, seed) => {
    const tensor = make('f32', [tokens, count, headDim]);
    tensorWrite(tensor, random(tokens * count * headDim, seed));
    return tensor;
  };
  const [q, k, v, dO] = [filled(heads, 1), filled(kvHeads, 2), filled(kvHeads, 3), filled(heads, 4)];
  const [o, dq] = [make('f32', [tokens, heads, headDim]), make('f32', [tokens, heads, headDim])];
  const [dk, dv] = [make('f32', [tokens, kvHeads, headDim]), make('f32', [tokens, kvHeads, headDim])];
  const lse = make('f32', [tokens, heads]);
  const bounds = make('i32', [lengths.length + 1]);
  let end = 0;
  tensorWrite(bounds, Int32Array.of(0, ...lengths.map((length) => (end += length))));
  const rule = [1 / Math.sqrt(headDim), 0, 0, precision === 'bf16'];
  return {
    call: () => {
      nativeOps.attentionForward(q, k, v, bounds, o, lse, ...rule);
      nativeOps.attentionBackward(dO, q, k, v, o, lse, bounds, dq, dk, dv, ...rule);
    },
    free: () => all.forEach((tensor) => tensorFree(tensor)),
  };
}

await serve({ attention });
