// Adapters on pages are the adapters that were put there, whatever ranks and modules the others have and wherever their pages lie.
import { afterAll, expect, it } from '@jest/globals';
import {
  empty,
  fromFloats,
  fromInts,
  keep,
  lora,
  loraPaged,
  memoryStats,
  scoped,
  zeros,
  type LoraPaged,
} from '@hone/tensor';
import { LoraAdapter } from './lora-adapter.js';
import { loraConfig } from './lora-config.js';
import { pagesOfRank } from './lora-layout.js';
import { LoraPages } from './lora-pages.js';
import { type PagedAdapter, storedOf } from './stored-adapter.js';

const layers = [0, 1].map((layer) =>
  ['q_proj', 'v_proj'].map((name) => ({ path: `model.layers.${layer}.${name}`, inFeatures: 12, outFeatures: 20 })),
);
const modules = layers.flat();
const pageNumbers = 2 * 4 * 5;

function pool(pages: number) {
  const made = () =>
    layers.map(() => keep(empty([pages, 2, 4, 5], 'f32').write(new Float32Array(pages * 40).fill(NaN))));
  const tensors = { keys: made(), values: made() };
  return { ...tensors, free: () => [...tensors.keys, ...tensors.values].forEach((tensor) => tensor.free()) };
}

function adapterOf(r: number, targetModules: string[], seed: number): LoraAdapter {
  const adapter = LoraAdapter.initial(loraConfig({ r, loraAlpha: 2 * r, targetModules }), modules, seed);
  // B is zero in a fresh adapter.
  for (const { b } of adapter.modules.values())
    b.write(Float32Array.from({ length: b.elements }, (_, i) => Math.sin(i + seed)));
  return adapter;
}

const x = Float32Array.from({ length: 12 }, (_, i) => Math.cos(i));

/** What the module adds to one row: by its own adapter, and from the pages. */
function updates(
  path: string,
  adapter: LoraAdapter,
  pages: LoraPages,
  placed: PagedAdapter,
): [Float32Array, Float32Array] {
  const [own, paged] = [new Float32Array(20), new Float32Array(20)];
  scoped(() => {
    const [first, second] = [zeros([1, 20]), zeros([1, 20])];
    const row = fromFloats(x, [1, 12]);
    const module = adapter.modules.get(path);
    if (module) lora(row, module.a, module.b, module.scale, first);
    loraPaged(row, fromInts(Int32Array.of(pages.slotOf(placed))), pages.of(path) as LoraPaged, second);
    first.readInto(own);
    second.readInto(paged);
  });
  return [own, paged];
}

function expectEqual(adapter: LoraAdapter, pages: LoraPages, placed: PagedAdapter): void {
  for (const { path } of modules) {
    const [own, paged] = updates(path, adapter, pages, placed);
    paged.forEach((value, i) => expect(value).toBeCloseTo(own[i] as number, 5));
    expect(own.some((value) => value !== 0)).toBe(adapter.modules.has(path));
  }
}

afterAll(() => expect(memoryStats().liveTensors).toBe(0));

it('takes as many pages as the fullest layer needs', () => {
  // A of 12 r numbers a module, and B of 20 rows of 8 for a rank of up to 8; pages of 40 numbers.
  expect(pagesOfRank(layers, 1, pageNumbers)).toBe((160 + 160) / 40);
  expect(pagesOfRank(layers, 8, pageNumbers)).toBe((160 + 160) / 40);
  expect(pagesOfRank(layers, 12, pageNumbers)).toBe((320 + 320) / 40);
  expect(pagesOfRank([layers[0]?.slice(0, 1) ?? []], 3, pageNumbers)).toBe(4);
});

it('holds each adapter, whatever its rank and its pages, and adds nothing where it has no module', () => {
  const tensors = pool(30);
  const pages = new LoraPages(3, layers, tensors);
  const adapters = [adapterOf(3, ['q_proj'], 1), adapterOf(8, ['q_proj', 'v_proj'], 2), adapterOf(12, ['v_proj'], 3)];
  // Page 0 and those between stay what they were.
  const own = [
    [29, 3, 15, 16],
    [5, 4, 28, 7, 12, 9, 14, 11],
    [1, 27, 2, 25, 13, 6, 18, 19],
  ];
  const placed = adapters.map((adapter, index) => {
    const stored = storedOf(adapter);
    expect(pages.pagesFor(stored)).toBe(own[index]?.length);
    return [pages.put(stored, own[index] as number[]), pages.builds] as const;
  });
  // A new module, then a larger rank: each wants other ops.
  expect(placed.map(([, builds]) => builds)).toEqual([1, 2, 3]);
  expect(pages.of('model.layers.0.q_proj')?.rankMax).toBe(16);
  for (const [index, adapter] of adapters.entries()) expectEqual(adapter, pages, placed[index]?.[0] as PagedAdapter);
  const [first] = adapters as [LoraAdapter];
  expect(() => pages.put(storedOf(first), [20, 21, 22, 23])).toThrow('all 3 are taken');
  const [[gone], [stays]] = placed as [[PagedAdapter, number], [PagedAdapter, number]];
  expect(pages.remove(gone)).toEqual([29, 3, 15, 16]);
  expect(pages.remove(gone)).toEqual([]);
  expect(pages.slotOf(gone)).toBe(-1);
  expect(() => pages.placeOf(gone)).toThrow('expected an adapter that was put on pages');
  // On pages of the one that went, and others: the list of pages is written anew for all.
  const next = adapterOf(5, ['v_proj'], 4);
  expect(() => pages.put(storedOf(next), [3])).toThrow('expected 4 pages');
  const place = pages.put(storedOf(next), [3, 17, 29, 24]);
  expect([pages.slotOf(place), pages.builds]).toEqual([0, 3]);
  expectEqual(next, pages, place);
  expectEqual(adapters[1] as LoraAdapter, pages, stays);
  const [untouched] = tensors.keys;
  const values = (untouched as (typeof tensors.keys)[number]).floats();
  for (const page of [0, 8, 10, 20]) {
    expect(values.subarray(page * pageNumbers, (page + 1) * pageNumbers).every(Number.isNaN)).toBe(true);
  }
  // Nothing between or behind the matrices of a page is left from before.
  for (const page of [...own.flat(), 17, 24]) {
    expect(values.subarray(page * pageNumbers, (page + 1) * pageNumbers).some(Number.isNaN)).toBe(false);
  }
  pages.free();
  tensors.free();
  for (const adapter of [...adapters, next]) adapter.free();
});
