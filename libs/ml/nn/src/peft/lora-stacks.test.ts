// Stacked adapters are the adapters that were put there, whatever ranks and modules the others have.
import { afterAll, expect, it } from '@jest/globals';
import { fromFloats, fromInts, lora, loraSlots, memoryStats, scoped, zeros, type LoraSlots } from '@hone/tensor';
import { LoraAdapter } from './lora-adapter.js';
import { loraConfig } from './lora-config.js';
import { LoraStacks } from './lora-stacks.js';
import { type StackedAdapter, storedOf } from './stored-adapter.js';

const modules = ['q_proj', 'v_proj'].map((name) => ({
  path: `model.layers.0.${name}`,
  inFeatures: 12,
  outFeatures: 20,
}));

function adapterOf(r: number, targetModules: string[], seed: number): LoraAdapter {
  const adapter = LoraAdapter.initial(loraConfig({ r, loraAlpha: 2 * r, targetModules }), modules, seed);
  // B is zero in a fresh adapter.
  for (const { b } of adapter.modules.values())
    b.write(Float32Array.from({ length: b.elements }, (_, i) => Math.sin(i + seed)));
  return adapter;
}

const x = Float32Array.from({ length: 12 }, (_, i) => Math.cos(i));

/** What the module adds to one row: by its own adapter, and by the stack. */
function updates(
  path: string,
  adapter: LoraAdapter,
  stacks: LoraStacks,
  place: StackedAdapter,
): [own: Float32Array, stacked: Float32Array] {
  const [own, stacked] = [new Float32Array(20), new Float32Array(20)];
  scoped(() => {
    const [first, second] = [zeros([1, 20]), zeros([1, 20])];
    const row = fromFloats(x, [1, 12]);
    const module = adapter.modules.get(path);
    if (module) lora(row, module.a, module.b, module.scale, first);
    loraSlots(row, fromInts(Int32Array.of(stacks.slotOf(place))), stacks.of(path) as LoraSlots, second);
    first.readInto(own);
    second.readInto(stacked);
  });
  return [own, stacked];
}

afterAll(() => expect(memoryStats().liveTensors).toBe(0));

it('holds each adapter, pads its rank, and adds nothing where it has no module', () => {
  const stacks = new LoraStacks(3);
  const adapters = [adapterOf(3, ['q_proj'], 1), adapterOf(8, ['q_proj', 'v_proj'], 2), adapterOf(12, ['v_proj'], 3)];
  const placed = adapters.map((adapter) => [stacks.put(storedOf(adapter)), stacks.builds] as const);
  const places = placed.map(([place]) => place);
  // A new module, then a larger rank: each lays the stacks out anew. The last one below fits.
  expect(placed.map(([, builds]) => builds)).toEqual([1, 2, 3]);
  for (const [index, adapter] of adapters.entries()) {
    for (const { path } of modules) {
      const [own, stacked] = updates(path, adapter, stacks, places[index] as StackedAdapter);
      stacked.forEach((value, i) => expect(value).toBeCloseTo(own[i] as number, 5));
      expect(own.some((value) => value !== 0)).toBe(adapter.modules.has(path));
    }
  }
  const [first] = adapters as [LoraAdapter];
  expect(() => stacks.put(storedOf(first))).toThrow('all 3 are taken');
  const [gone] = places as [StackedAdapter];
  stacks.remove(gone);
  expect(stacks.slotOf(gone)).toBe(-1);
  expect(() => stacks.placeOf(gone)).toThrow('expected an adapter that was put into the stacks');
  // A smaller one into the place of a larger one: what is left of that adds nothing.
  const next = adapterOf(5, ['v_proj'], 4);
  const place = stacks.put(storedOf(next));
  expect([stacks.slotOf(place), stacks.builds]).toEqual([0, 3]);
  for (const { path } of modules) {
    const [own, stacked] = updates(path, next, stacks, place);
    stacked.forEach((value, i) => expect(value).toBeCloseTo(own[i] as number, 5));
  }
  stacks.free();
  for (const adapter of [...adapters, next]) adapter.free();
});
