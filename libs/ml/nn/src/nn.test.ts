import { afterAll, describe, expect, it } from '@jest/globals';
import { fill, fromFloats, memoryStats, scale, type Tensor } from '@hone/tensor';
import {
  Adamw,
  GradientClip,
  Linear,
  LoraAdapter,
  ParameterArena,
  loraConfig,
  rankAndScale,
  schedule,
  targetPaths,
} from './index.js';

afterAll(() => expect(memoryStats().liveBytes).toBe(0));

describe('schedules', () => {
  const at = (name: string, options: object, steps: number[]) =>
    steps.map(schedule(name, { warmupSteps: 10, totalSteps: 110, ...options }));

  it('have the closed forms of transformers', () => {
    expect(at('constant', {}, [0, 5, 100])).toEqual([1, 1, 1]);
    expect(at('constant_with_warmup', {}, [0, 5, 10, 100])).toEqual([0, 0.5, 1, 1]);
    expect(at('linear', {}, [0, 5, 10, 60, 110, 120])).toEqual([0, 0.5, 1, 0.5, 0, 0]);
    const cosine = at('cosine', {}, [0, 5, 10, 35, 60, 110]);
    const expected = [0, 0.5, 1, 0.5 * (1 + Math.cos(Math.PI / 4)), 0.5, 0];
    cosine.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 12));
    expect(at('cosine_with_min_lr', { minRate: 0.1 }, [110])[0]).toBeCloseTo(0.1, 12);
  });

  it('are refused under an unknown name with a suggestion', () => {
    expect(() => schedule('cosin', { warmupSteps: 0, totalSteps: 1 })).toThrow('did you mean cosine?');
  });
});

describe('LoRA targets', () => {
  const paths = [0, 1].flatMap((layer) =>
    ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.up_proj'].map((name) => `model.layers.${layer}.${name}`),
  );

  it('match by ending, by expression, by layer and minus exclusions, as in PEFT', () => {
    const chosen = (options: Parameters<typeof loraConfig>[0]) => targetPaths(loraConfig(options), paths);
    expect(chosen({ targetModules: 'all-linear' })).toEqual(paths);
    expect(chosen({ targetModules: ['q_proj'] })).toHaveLength(2);
    // An ending matches at a dot only.
    expect(() => chosen({ targetModules: ['proj'] })).toThrow('names no linear module');
    expect(chosen({ targetModules: '.*\\.0\\..*_proj' })).toEqual(paths.slice(0, 3));
    expect(chosen({ targetModules: 'all-linear', layersToTransform: [1] })).toEqual(paths.slice(3));
    expect(chosen({ targetModules: 'all-linear', excludeModules: ['up_proj'] })).toHaveLength(4);
    expect(() => chosen({ targetModules: '(' })).toThrow('regular expression');
  });

  it('scale by alpha / r, or alpha / sqrt(r), with patterns per module', () => {
    const config = loraConfig({ r: 16, loraAlpha: 32, rankPattern: { q_proj: 4 }, alphaPattern: { up_proj: 8 } });
    expect(rankAndScale(config, 'model.layers.0.self_attn.q_proj')).toEqual({ r: 4, scale: 8 });
    expect(rankAndScale(config, 'model.layers.0.mlp.up_proj')).toEqual({ r: 16, scale: 0.5 });
    expect(rankAndScale({ ...config, useRslora: true }, 'x')).toEqual({ r: 16, scale: 8 });
  });

  it('start at zero updates drawn from the seed and the path alone', () => {
    const modules = [
      { path: 'a.q_proj', inFeatures: 8, outFeatures: 4 },
      { path: 'b.q_proj', inFeatures: 8, outFeatures: 4 },
    ];
    const config = loraConfig({ r: 2, targetModules: 'all-linear' });
    const [both, one] = [LoraAdapter.initial(config, modules, 7), LoraAdapter.initial(config, modules.slice(1), 7)];
    const a = (adapter: LoraAdapter) => (adapter.modules.get('b.q_proj') as { a: Tensor }).a.floats();
    expect(a(both)).toEqual(a(one));
    expect(Math.max(...a(both).map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(8));
    expect((both.modules.get('b.q_proj') as { b: Tensor }).b.floats().every((value) => value === 0)).toBe(true);
    both.free();
    one.free();
  });
});

it('applies each adapter to its own rows', () => {
  const weight = fromFloats(new Float32Array(16), [4, 4]);
  const linear = new Linear('q_proj', weight, undefined, 0);
  const modules = [{ path: 'q_proj', inFeatures: 4, outFeatures: 4 }];
  const adapters = [1, 2].map((value) => {
    const adapter = LoraAdapter.zero(loraConfig({ r: 1, loraAlpha: 1 }), modules);
    const module = adapter.modules.get('q_proj') as { a: Tensor; b: Tensor };
    module.a.write(Float32Array.of(1, 0, 0, 0));
    module.b.write(new Float32Array(4).fill(value));
    return adapter;
  });
  const x = fromFloats(new Float32Array(16).fill(3), [4, 4]);
  const ranges = adapters.map((adapter, i) => ({ adapter, begin: i, end: i + 1 }));
  const y = linear.forward(x, { ranges });
  expect([...y.floats()]).toEqual([3, 3, 3, 3, 6, 6, 6, 6, 0, 0, 0, 0, 0, 0, 0, 0]);
  for (const tensor of [x, y, weight]) tensor.free();
  for (const adapter of adapters) adapter.free();
});

it('gives a row the same bits whichever adapters are beside it', () => {
  const [inFeatures, outFeatures] = [70, 90];
  const draw = (count: number, seed: number) =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i * 1.7));
  const weight = fromFloats(draw(inFeatures * outFeatures, 1), [outFeatures, inFeatures]);
  const linear = new Linear('q_proj', weight, undefined, 0);
  const modules = [{ path: 'q_proj', inFeatures, outFeatures }];
  const adapters = [1, 2, 3, 4, 5].map((seed) => {
    const adapter = LoraAdapter.initial(loraConfig({ r: 3 * seed, loraAlpha: 7 }), modules, seed);
    const { b } = adapter.modules.get('q_proj') as { b: Tensor };
    b.write(draw(b.elements, seed));
    return adapter;
  });
  const x = fromFloats(draw(12 * inFeatures, 9), [12, inFeatures]);
  // The last row has no adapter.
  const ranges = adapters.map((adapter, i) => ({ adapter, begin: i * 2, end: i * 2 + 2 + (i === 4 ? 1 : 0) }));
  const together = linear.forward(x, { ranges });
  for (const range of ranges) {
    const alone = linear.forward(x, { ranges: [range] });
    const count = (range.end - range.begin) * outFeatures;
    const rowsOf = (y: Tensor) => [...y.floats().slice(range.begin * outFeatures, range.begin * outFeatures + count)];
    expect(rowsOf(together)).toEqual(rowsOf(alone));
    alone.free();
  }
  for (const tensor of [x, together, weight]) tensor.free();
  for (const adapter of adapters) adapter.free();
});

it.each([32, 8] as const)(
  'clips on the way through AdamW with the bits of clipping before it (%d-bit moments)',
  (bits) => {
    const elements = 5000;
    const trained = (gradientScale: number, onTheWay: boolean): number[] => {
      const arena = new ParameterArena([{ name: 'a', shape: [elements] }]);
      arena.train();
      const optimizer = new Adamw([{ arena, weightDecay: 0.1 }], { beta1: 0.9, beta2: 0.999, eps: 1e-8 }, { bits });
      for (let step = 0; step < 3; step++) {
        arena.gradients.write(Float32Array.from({ length: elements }, (_, i) => Math.sin(i * 0.7 + step)));
        if (!onTheWay) scale(arena.gradients, gradientScale);
        optimizer.step(0.01, onTheWay ? gradientScale : 1);
      }
      const values = [...arena.values.floats()];
      for (const thing of [optimizer, arena]) thing.free();
      return values;
    };
    expect(trained(0.3217, true)).toEqual(trained(0.3217, false));
  },
);

it('clips by a norm on the device as by one that the host has read, and leaves out a step without a norm', () => {
  const trained = (onDevice: boolean, gradient: number): number[] => {
    const arenas = [new ParameterArena([{ name: 'a', shape: [300] }]), new ParameterArena([{ name: 'b', shape: [7] }])];
    const groups = arenas.map((arena) => ({ arena, weightDecay: 0.1 }));
    for (const arena of arenas) {
      arena.train();
      fill(arena.values, 0.5);
      fill(arena.gradients, gradient);
    }
    const clip = new GradientClip(arenas);
    const optimizer = new Adamw(groups, { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
    if (onDevice) optimizer.step(0.01, 1, { squaredNorm: clip.sum(), maxNorm: 1 });
    else optimizer.step(0.01, clip.measure(1).gradientScale);
    const values = arenas.flatMap(({ values }) => [...values.floats()]);
    for (const thing of [clip, optimizer, ...arenas]) thing.free();
    return values;
  };
  expect(trained(true, 0.25)).toEqual(trained(false, 0.25));
  expect(new Set(trained(true, Infinity))).toEqual(new Set([0.5]));
});

it('steps AdamW and clips as torch does', () => {
  const arena = new ParameterArena([
    { name: 'a', shape: [2] },
    { name: 'b', shape: [1] },
  ]);
  arena.train();
  arena.get('a').write(Float32Array.of(1, -2));
  arena.get('b').write(Float32Array.of(0.5));
  const gradient = (name: string) => arena.get(name).grad as Tensor;
  gradient('a').write(Float32Array.of(3, 0));
  gradient('b').write(Float32Array.of(4));
  const clip = new GradientClip([arena]);
  const { norm, gradientScale } = clip.measure(1);
  expect([norm, clip.measure(0).gradientScale, clip.measure(6).gradientScale]).toEqual([5, 1, 1]);
  expect(gradientScale).toBeCloseTo(0.2, 6);
  const optimizer = new Adamw([{ arena, weightDecay: 0.1 }], { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
  optimizer.step(0.01, gradientScale);
  // First step: m̂ / sqrt(v̂) is the sign of the gradient; the decay comes off first.
  const a = arena.get('a').floats();
  expect(a[0]).toBeCloseTo(1 * (1 - 0.001) - 0.01, 6);
  expect(a[1]).toBeCloseTo(-2 * (1 - 0.001), 6);
  expect(arena.get('b').floats()[0]).toBeCloseTo(0.5 * (1 - 0.001) - 0.01, 6);
  for (const thing of [clip, optimizer, arena]) thing.free();
});
