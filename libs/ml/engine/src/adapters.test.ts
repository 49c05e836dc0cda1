import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CausalModel, loadModel, readAdapter, type TensorToWrite, writeSafetensors } from '@hone/models';
import { init, memoryStats } from '@hone/tensor';
import { writeRandomAdapter, writeRandomModel } from '@hone/testkit';
import { AdapterSlots } from './adapters.js';

init();

const folder = mkdtempSync(join(tmpdir(), 'hone-slots-'));
const at = (name: string): string => join(folder, name);
let model: CausalModel;

beforeAll(async () => {
  await writeRandomModel(at('model'), { seed: 1 });
  await writeRandomModel(at('other'), { seed: 2 });
  for (const [index, name] of ['a', 'b', 'c'].entries()) await writeRandomAdapter(at('model'), at(name), index);
  await writeRandomAdapter(at('other'), at('foreign'), 1);
  model = loadModel(at('model'));
});

afterAll(() => {
  model.free();
  expect(memoryStats().liveTensors).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

describe('adapter slots', () => {
  it('refuse adapters where there are to be none', () => {
    expect(() => new AdapterSlots(model, 0).load('a', at('a'))).toThrow(
      'expected a base without an adapter for HONE_SERVING_ADAPTERS_MAX=0',
    );
  });

  it('send the least recently used adapter away, never one that is in use, and give all memory back', () => {
    const before = memoryStats().liveBytes;
    const slots = new AdapterSlots(model, 2);
    for (const name of ['a', 'b']) slots.load(name, at(name));
    const a = slots.take('a');
    slots.load('c', at('c'));
    expect(slots.keys).toEqual(['a', 'c']);
    const c = slots.take('c');
    expect(() => slots.load('b', at('b'))).toThrow('all 2 are in use');
    if (a) slots.giveBack(a);
    slots.load('b', at('b'));
    expect(slots.keys).toEqual(['c', 'b']);
    expect(slots.take('a')).toBeUndefined();
    if (c) slots.giveBack(c);
    slots.free();
    expect(memoryStats().liveBytes).toBe(before);
  });

  it('keep idle adapters where the file of another is no adapter, and say so where all are in use', () => {
    cpSync(at('a'), at('torn'), { recursive: true });
    writeFileSync(join(at('torn'), 'adapter_model.safetensors'), 'xx');
    const slots = new AdapterSlots(model, 2);
    for (const name of ['a', 'b']) slots.load(name, at(name));
    expect(() => slots.load('torn', at('torn'))).toThrow(/safetensors/);
    expect(slots.keys).toEqual(['a', 'b']);
    for (const name of slots.keys) slots.take(name);
    expect(() => slots.load('torn', at('torn'))).toThrow(/safetensors/);
    slots.free();
  });

  it('refuse what the numbers of activations cannot hold', () => {
    const values = new Map([
      ['double', { dtype: 'F64' as const, value: 1e39 }],
      ['largest', { dtype: 'F32' as const, value: 3.4e38 }],
    ]);
    for (const [name, { dtype, value }] of values) {
      cpSync(at('a'), at(name), { recursive: true });
      const tensors = new Map<string, TensorToWrite>();
      for (const [path, module] of readAdapter(at('a'), model).modules) {
        for (const side of ['a', 'b'] as const) {
          const { shape } = module[side];
          const floats =
            dtype === 'F64' ? new Float64Array(shape[0] * shape[1]) : new Float32Array(shape[0] * shape[1]);
          floats[1] = value;
          tensors.set(`base_model.model.${path}.lora_${side.toUpperCase()}.weight`, { dtype, shape, data: floats });
        }
      }
      writeSafetensors(join(at(name), 'adapter_model.safetensors'), tensors);
    }
    const slots = new AdapterSlots(model, 2);
    expect(() => slots.load('double', at('double'))).toThrow(
      /expected numbers that f32 can hold .* its element 1 becomes/,
    );
    slots.load('largest', at('largest'));
    slots.free();
  });

  it('read an adapter once to say that there is no room for it', () => {
    const slots = new AdapterSlots(model, 1);
    slots.load('a', at('a'));
    const a = slots.take('a');
    expect(() => slots.load('b', at('b'))).toThrow('all 1 are in use');
    renameSync(at('b'), at('b-away'));
    expect(() => slots.load('b', at('b'))).toThrow('all 1 are in use');
    renameSync(at('b-away'), at('b'));
    if (a) slots.giveBack(a);
    slots.load('b', at('b'));
    expect(slots.keys).toEqual(['b']);
    slots.free();
  });

  it('load the same content once and refuse an adapter of another base', () => {
    const slots = new AdapterSlots(model, 2);
    slots.load('a', at('a'));
    slots.load('a', at('a'));
    expect(slots.loads).toBe(1);
    const before = memoryStats().liveBytes;
    expect(() => slots.load('foreign', at('foreign'))).toThrow(/base/);
    expect(memoryStats().liveBytes).toBe(before);
    slots.free();
  });
});
