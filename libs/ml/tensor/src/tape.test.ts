// Each rule is held against central differences of its own forward op, in f32 with a step that balances rounding.
import { describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import * as t from './index.js';
import { Tape, type Tensor } from './index.js';

const random = seeded(20, 'tape');
const values = (count: number, spread = 1) => Float32Array.from({ length: count }, () => (random() * 2 - 1) * spread);

function leaf(shape: number[], spread = 1): Tensor {
  const tensor = t.fromFloats(
    values(
      shape.reduce((a, b) => a * b),
      spread,
    ),
    shape,
  );
  tensor.requiresGrad = true;
  tensor.grad = t.zeros(shape);
  return tensor;
}

const free = (...tensors: Tensor[]) => {
  for (const tensor of tensors) {
    tensor.grad?.free();
    tensor.free();
  }
};

/** Compares the gradient of sum(weights * forward()) for every element of every input. */
function check(inputs: Tensor[], forward: () => Tensor, tolerance = 2e-3): void {
  const tape = new Tape();
  const out = tape.record(forward);
  const weights = values(out.elements);
  const upstream = t.fromFloats(weights, out.shape);
  tape.backward(out, upstream);
  upstream.free();
  const loss = () => {
    let sum = 0;
    t.scoped(() =>
      forward()
        .floats()
        .forEach((v, i) => (sum += v * (weights[i] as number))),
    );
    return sum;
  };
  for (const input of inputs) {
    const start = input.floats();
    const grad = (input.grad as Tensor).floats();
    const step = 1e-2;
    start.forEach((value, i) => {
      const at = (x: number) => {
        input.write(Float32Array.of(x), i);
        return loss();
      };
      const numeric = (at(value + step) - at(value - step)) / (2 * step);
      input.write(Float32Array.of(value), i);
      expect(Math.abs(numeric - (grad[i] as number))).toBeLessThan(tolerance * Math.max(1, Math.abs(numeric)));
    });
  }
  free(...inputs);
}

describe('gradients against differences', () => {
  it('linear with bias', () => {
    const [x, w, b] = [leaf([3, 4]), leaf([5, 4]), leaf([5])];
    check([x, w, b], () => t.linear(x, w, b));
  });

  it('lora on top of a frozen product', () => {
    const [x, a, b] = [leaf([3, 4]), leaf([2, 4]), leaf([5, 2])];
    const w = t.fromFloats(values(20), [5, 4]);
    check([x, a, b], () => {
      const y = t.linear(x, w);
      t.lora(x, a, b, 1.5, y);
      return y;
    });
    w.free();
  });

  it('rmsNorm, swiglu, dropout, scale and a residual that uses its input twice', () => {
    const [x, w] = [leaf([3, 8]), leaf([8])];
    check([x, w], () => {
      const h = t.rmsNorm(x, w, 1e-5);
      const gated = t.swiglu(h, t.add(x, h));
      const dropped = t.dropout(gated, 0.25, [7, 9]);
      t.scale(dropped, 0.5);
      return t.add(t.add(x, dropped), x);
    });
  });

  it('attention with grouped heads, rope and two packed sequences', () => {
    const [q, k, v] = [leaf([5, 4, 4]), leaf([5, 2, 4]), leaf([5, 2, 4])];
    const positions = t.fromInts(Int32Array.of(0, 1, 2, 0, 1));
    const cu = t.fromInts(Int32Array.of(0, 3, 5));
    const invFreq = t.fromFloats(Float32Array.of(1, 0.1));
    const one = t.fromFloats(new Float32Array(5).fill(1));
    check([q, k, v], () => {
      const turned = [q, k].map((x) => {
        const zero = t.zeros(x.shape);
        const copy = t.add(x, zero);
        t.rope(copy, positions, invFreq);
        return copy;
      }) as [Tensor, Tensor];
      return t.attention(turned[0], turned[1], v, cu, { scale: 0.5, window: 2 });
    });
    free(positions, cu, invFreq, one);
  });

  it('attention with a soft cap', () => {
    const [q, k, v] = [leaf([5, 4, 4]), leaf([5, 2, 4]), leaf([5, 2, 4])];
    const cu = t.fromInts(Int32Array.of(0, 3, 5));
    check([q, k, v], () => t.attention(q, k, v, cu, { scale: 1, window: 0, softcap: 0.8 }));
    free(cu);
  });

  it('embedding, gatherRows and a tied head through tokenLogProbs', () => {
    const table = leaf([6, 4]);
    const ids = t.fromInts(Int32Array.of(1, 3, 1, 5));
    const index = t.fromInts(Int32Array.of(2, 0, 3));
    const targets = t.fromInts(Int32Array.of(2, -1, 4));
    check([table], () => t.tokenLogProbs(t.gatherRows(t.embedding(ids, table), index), table, targets).logp);
    free(ids, index, targets);
  });

  it('sums in place, and a gate that nobody else reads', () => {
    const [x, w, weight] = [leaf([3, 4]), leaf([4, 4]), leaf([4])];
    check([x, w, weight], () => {
      const y = t.linear(x, w);
      t.accumulate(y, x);
      const gated = t.swiglu(t.linear(y, w), t.linear(x, w));
      t.accumulate(gated, y);
      return t.rmsNorm(gated, weight, 1e-5);
    });
  });

  it('a residual block by addRmsNorm and accumulate, with an offset', () => {
    const [x, w, offsetWeight] = [leaf([3, 8]), leaf([8, 8]), leaf([8], 0.3)];
    check([x, w, offsetWeight], () => {
      const update = t.linear(x, w);
      const h = t.addRmsNorm(x, update, offsetWeight, 1e-5, 1);
      const last = t.linear(t.gelu(h), w);
      t.accumulate(last, update);
      return t.rmsNorm(last, offsetWeight, 1e-5, 1);
    });
  });

  it('layerNorm, geglu and exact gelu', () => {
    const [x, w, b] = [leaf([3, 8]), leaf([8]), leaf([8])];
    check([x, w, b], () => {
      const h = t.layerNorm(x, w, b, 1e-5);
      return t.add(t.geglu(h, x), t.gelu(t.geglu(x, h, { exact: true }), { exact: true }));
    });
  });

  it('a mixture of experts: routing, sorted rows, their products and updates, and their way back', () => {
    for (const renormalise of [true, false]) {
      const [x, router] = [leaf([4, 6]), leaf([3, 6], 2)];
      const weights = [leaf([6, 6]), leaf([6, 6]), leaf([6, 6])];
      // The second expert has no update, and the third one of another rank.
      const [a, b, wideA, wideB] = [leaf([2, 6]), leaf([6, 2]), leaf([3, 6]), leaf([6, 3])];
      check(
        [x, router, ...weights, a, b, wideA, wideB],
        () => {
          const routes = t.routeTopK(t.linear(x, router), { k: 2, renormalise });
          const routed = t.routeRows(routes.ids, 3);
          const rows = t.gatherRows(x, routed.rows);
          const made = t.expertLinear(rows, routed, weights);
          const updates = [
            { expert: 0, piece: 0, a, b, scale: 0.5 },
            { expert: 2, piece: 0, a: wideA, b: wideB, scale: 2 },
          ];
          t.expertLora(rows, routed, updates, made);
          const halves = t.add(t.sliceColumns(made, 0, 3), t.sliceColumns(made, 3, 6));
          return t.mixRows(halves, routes.weights, routed.places);
        },
        4e-3,
      );
    }
  });

  it('tokenLogProbs with a soft cap', () => {
    const [hidden, head] = [leaf([3, 4], 2), leaf([6, 4], 2)];
    const targets = t.fromInts(Int32Array.of(2, -1, 4));
    check([hidden, head], () => t.tokenLogProbs(hidden, head, targets, { softcap: 2 }).logp);
    free(targets);
  });

  it('checkpointed bodies', () => {
    const [x, w] = [leaf([3, 4]), leaf([4, 4])];
    check([x, w], () => t.checkpoint((h) => t.add(h, t.linear(t.swiglu(h, h), w)), x));
  });
});

describe('memory', () => {
  it('is back at zero after all of the above, and inside scopes', () => {
    const before = t.memoryStats().liveTensors;
    t.scoped(() => {
      t.add(t.zeros([4]), t.zeros([4]));
    });
    expect(t.memoryStats().liveTensors).toBe(before);
    expect(before).toBe(0);
  });

  it('belongs to the caller when a scope returns it', () => {
    const kept = t.scoped(() => t.add(t.zeros([4]), t.filled([4], 2)));
    expect(kept.floats()).toEqual(Float32Array.of(2, 2, 2, 2));
    kept.free();
    expect(() => kept.id).toThrow('after it was freed');
    expect(t.memoryStats().liveBytes).toBe(0);
  });

  it('shrinks as the backward pass walks', () => {
    const x = leaf([64, 64]);
    const tape = new Tape();
    const out = tape.record(() => {
      let h: Tensor = x;
      for (let i = 0; i < 8; i++) h = t.swiglu(h, h);
      return h;
    });
    const upstream = t.filled([64, 64], 1);
    const before = t.memoryStats().liveBytes;
    t.resetPeak();
    tape.backward(out, upstream);
    // Eight activations were alive; each step adds two gradients and frees one activation and one gradient.
    expect(t.memoryStats().peakBytes).toBeLessThanOrEqual(before + 4 * 64 * 64 * 4);
    free(upstream, x);
    expect(t.memoryStats().liveBytes).toBe(0);
  });
});

it('a sparing tape drops what is discarded, computes it again, and has the same gradients', () => {
  const [x, w] = [leaf([16, 64]), leaf([64])];
  const upstream = t.filled([16, 64], 0.5);
  const run = (isSparing: boolean) => {
    for (const tensor of [x, w]) t.fill(tensor.grad as Tensor, 0);
    const tape = new Tape({ isSparing });
    const out = tape.record(() => {
      const h = t.rmsNorm(x, w, 1e-5);
      const gated = t.swiglu(h, h);
      t.discard(h);
      const again = t.rmsNorm(gated, w, 1e-5);
      t.discard(gated);
      return again;
    });
    const live = t.memoryStats().liveBytes;
    tape.backward(out, upstream);
    return { live, gradients: [x, w].map(({ grad }) => (grad as Tensor).floats()) };
  };
  const [kept, spared] = [run(false), run(true)];
  expect(spared.gradients).toEqual(kept.gradients);
  expect(kept.live - spared.live).toBe(2 * 16 * 64 * 4);
  free(upstream, x, w);
  expect(t.memoryStats().liveBytes).toBe(0);
});

it('counts memory on the null device without computing', () => {
  t.onDevice('null', () => {
    const x = t.filled([1024, 1024], 3);
    expect(t.memoryStats().liveBytes).toBe(4 << 20);
    const y = t.add(x, x);
    expect(t.memoryStats().liveBytes).toBe(8 << 20);
    free(x, y);
  });
});
