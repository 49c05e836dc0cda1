// One linear layer through the ops of the library: forward, input gradient and weight gradient, for any format of the weight.
// `copies` weights are used in turn, so that a small product does not find its weight in the cache.
import { nativeOps } from '@hone/native';
import { empty, fromFloats, init, kernelName, packWeight } from '@hone/tensor';
import { serve } from '../protocol/serve.mjs';

// A cheap generator with a flat spectrum: real bits on every line, because zeros take less power and flatter a processor.
function random(count, seed) {
  const values = new Float32Array(count);
  let state = seed;
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[index] = state / 2 ** 31 - 1;
  }
  return values;
}

function linear({ product, format, rows, columns, depth, copies = 1 }) {
  init({ device: 'cpu' });
  const x = fromFloats(random(rows * depth, 1), [rows, depth]);
  const dy = fromFloats(random(rows * columns, 2), [rows, columns]);
  const source = fromFloats(random(columns * depth, 3), [columns, depth]);
  const weights = Array.from({ length: copies }, () => packWeight(source, format));
  const [y, dx, dw] = [empty([rows, columns]), empty([rows, depth]), empty([columns, depth])];
  let turn = 0;
  const next = () => weights[turn++ % copies].id;
  const calls = {
    forward: () => nativeOps.linearForward(x.id, next(), 0, y.id),
    input: () => nativeOps.linearBackwardInput(dy.id, next(), dx.id, false),
    weight: () => nativeOps.linearBackwardWeight(dy.id, x.id, dw.id, 0, false, format !== 'packed-f32'),
  };
  return {
    call: calls[product],
    detail: { kernel: kernelName('linearForward').split('/')[0] },
    free: () => [x, dy, source, y, dx, dw, ...weights].forEach((tensor) => tensor.free()),
  };
}

await serve({ linear });
