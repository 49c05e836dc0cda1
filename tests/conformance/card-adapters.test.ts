// Goal: adapters come to a card as the bytes of their files and go again while others are answered: one upload for each matrix, no wait,
// no graph lost, no second copy, no memory but pages of the key-value cache, for which they and sequences compete. Method: the emulated card,
// and counters of what it was asked for.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdapterSlots, Engine, greedy, type EngineAdapter } from '@hone/engine';
import {
  baseFingerprintKey,
  type CausalModel,
  loadModel,
  readAdapter,
  saveAdapter,
  type TensorToWrite,
  writeSafetensors,
} from '@hone/models';
import { LoraAdapter, loraConfig } from '@hone/nn';
import { cardCounters, memoryStats, useDevice } from '@hone/tensor';
import { openEmulatedCard, writeRandomAdapter, writeRandomModel } from '@hone/testkit';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

const hasCard = openEmulatedCard();
const onCard = hasCard ? it : it.skip;
const folder = mkdtempSync(join(tmpdir(), 'hone-card-adapters-'));
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  await writeRandomModel(at('model'), { seed: 5, hiddenSize: 64, layers: 2, contextLength: 64 });
  const model = loadModel(at('model'));
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    await writeRandomAdapter(at('model'), at(name), 7 + index);
    cpSync(at(name), at(`${name}-bf16`), { recursive: true });
    writeHalves(at(`${name}-bf16`), model);
  }
  model.free();
});
afterAll(() => {
  useDevice('cpu');
  for (const device of ['cpu', 'cuda'] as const) expect(memoryStats(device).liveTensors).toBe(0);
  rmSync(folder, { recursive: true });
});

/** The same adapter with its values rounded to bf16, to nearest even. */
function writeHalves(place: string, model: CausalModel): void {
  const tensors = new Map<string, TensorToWrite>();
  for (const [path, { a, b }] of readAdapter(place, model).modules) {
    for (const [side, { shape, values }] of [['A', a] as const, ['B', b] as const]) {
      const bits = new Uint32Array(values().slice().buffer);
      const words = Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
      tensors.set(`base_model.model.${path}.lora_${side}.weight`, { dtype: 'BF16', shape, data: words });
    }
  }
  writeSafetensors(join(place, 'adapter_model.safetensors'), tensors, { [baseFingerprintKey]: model.fingerprint });
}

/** Adapters of more pages: one that fits in those of two of rank 4, and one that does not. */
function writeWide(): void {
  const model = loadModel(at('model'));
  for (const [name, r] of [
    ['half', 16],
    ['wide', 64],
  ] as const) {
    const config = loraConfig({ r, loraAlpha: r, targetModules: 'all-linear' });
    const adapter = LoraAdapter.initial(config, model.modules, 3, model.fingerprint);
    saveAdapter(adapter, at(name), { baseName: 'random' });
    adapter.free();
  }
  model.free();
}

/** An adapter whose last value is another. */
function writeBroken(name: string, value: number): void {
  cpSync(at('c'), at(name), { recursive: true });
  const file = join(at(name), 'adapter_model.safetensors');
  const bytes = readFileSync(file);
  bytes.writeFloatLE(value, bytes.length - 4);
  writeFileSync(file, bytes);
}

function withEngine<T>(
  adaptersMax: number,
  body: (engine: Engine, slots: AdapterSlots, model: CausalModel) => T,
  pages?: number,
): T {
  useDevice('cuda');
  const model = loadModel(at('model'), { format: 'bf16' });
  const kvBytesMax = pages === undefined ? 2 ** 20 : pages * model.kvBytesPerPage(4);
  const engine = new Engine(model, { blockSize: 4, kvBytesMax, sequencesMax: 4, adaptersMax });
  const slots = new AdapterSlots(model, adaptersMax, engine);
  try {
    return body(engine, slots, model);
  } finally {
    engine.free();
    slots.free();
    model.free();
  }
}

const submit = (engine: Engine, adapter: EngineAdapter | undefined, tokensMax: number) =>
  engine.submit({ ids: [5, 9, 14, 3], adapter, sampling: greedy, tokensMax, stopTokens: new Set() });

const run = (engine: Engine): void => {
  while (!engine.isIdle) engine.step();
};

onCard(
  'is one upload for each matrix, one for its pages and one for the table of all, without a wait, and takes no memory',
  () => {
    withEngine(3, (engine, slots, model) => {
      slots.load('a', at('a-bf16'));
      const live = memoryStats().liveBytes;
      const before = cardCounters();
      slots.load('b', at('b-bf16'));
      const after = cardCounters();
      const matrices = model.modules.reduce(
        (sum, { inFeatures, outFeatures }) => sum + 2 * 4 * (inFeatures + outFeatures),
        0,
      );
      const { blocks, blocksOfAdapters } = engine.stats;
      expect(blocksOfAdapters % 2).toBe(0);
      // Per module and slot three places, a rank and a scale; the list of pages.
      const table = 5 * 3 * model.modules.length + blocks;
      expect(after.bytesToCard - before.bytesToCard).toBe(matrices + 4 * (blocksOfAdapters / 2 + table));
      expect(after.synchronisations).toBe(before.synchronisations);
      // Two layers: zeros for their A and their B, B of rank 4 into rows of whole vectors, then one op that carries both to their pages.
      expect(after.launches - before.launches).toBe(2 * 3 + model.modules.length);
      expect(memoryStats().liveBytes).toBe(live);
    });
  },
);

onCard('rounds f32 and answers from it as from the halves of the same values', () => {
  const answers = ['a', 'a-bf16'].map((name) =>
    withEngine(2, (engine, slots) => {
      slots.load(name, at(name));
      const sequence = submit(engine, slots.take(name), 6);
      run(engine);
      return sequence.tokens;
    }),
  );
  expect(answers[0]).toHaveLength(10);
  expect(answers[1]).toEqual(answers[0]);
});

onCard('comes and goes while others are answered', () => {
  const alone = withEngine(2, (engine, slots) => {
    slots.load('a', at('a'));
    const sequence = submit(engine, slots.take('a'), 16);
    run(engine);
    return sequence.tokens;
  });
  withEngine(2, (engine, slots) => {
    slots.load('a', at('a'));
    const sequence = submit(engine, slots.take('a'), 16);
    for (let step = 0; step < 3; step++) engine.step();
    const { captured } = engine.stats.stepPlans;
    for (const name of ['b', 'c', 'b']) {
      slots.load(name, at(name));
      engine.step();
    }
    expect(slots.keys).toEqual(['a', 'b']);
    expect(slots.loads).toBe(4);
    expect(engine.stats.stepPlans.captured).toBe(captured);
    run(engine);
    expect(sequence.tokens).toEqual(alone);
  });
});

/** What an adapter takes of the pool. */
const pagesEach = (): number =>
  withEngine(1, (engine, slots) => {
    slots.load('a', at('a'));
    return engine.stats.blocksOfAdapters;
  });

const names = ['a', 'b', 'c'] as const;

onCard('competes with keys and values for one pool, and comes back with the same answers', () => {
  const own = pagesEach();
  const alone = names.map((name) =>
    withEngine(1, (engine, slots) => {
      slots.load(name, at(name));
      const sequence = submit(engine, slots.take(name), 8);
      run(engine);
      return sequence.tokens;
    }),
  );
  const long = (engine: Engine, first: number) =>
    engine.submit({
      ids: Array.from({ length: 40 }, (_, i) => first + (i % 30)),
      sampling: greedy,
      tokensMax: 20,
      stopTokens: new Set(),
    });
  const plain = withEngine(1, (engine) => {
    const sequences = [long(engine, 3), long(engine, 7)];
    run(engine);
    return sequences.map(({ tokens }) => tokens);
  });
  // A context is 16 pages of 4 tokens: all adapters, and one context beside them.
  withEngine(
    3,
    (engine, slots) => {
      const answer = (name: (typeof names)[number]) => {
        slots.load(name, at(name));
        const taken = slots.take(name) as EngineAdapter;
        return { taken, sequence: submit(engine, taken, 8) };
      };
      const together = names.map(answer);
      run(engine);
      expect(together.map(({ sequence }) => sequence.tokens)).toEqual(alone);
      for (const { taken } of together) slots.giveBack(taken);
      expect(engine.stats).toMatchObject({ blocksOfAdapters: 3 * own, blocksUsed: 0 });
      const { captured } = engine.stats.stepPlans;
      // Two contexts: idle adapters go, the least recently used first.
      const sequences = [long(engine, 3), long(engine, 7)];
      for (let step = 0; step < 4; step++) engine.step();
      expect(slots.keys.length).toBeLessThan(3);
      expect(slots.keys).not.toContain('a');
      expect(engine.stats.preemptions).toBe(0);
      // On demand they are there again, at the cost of whoever came last.
      const again = names.map(answer);
      expect(slots.loads).toBeGreaterThan(3);
      run(engine);
      expect(again.map(({ sequence }) => sequence.tokens)).toEqual(alone);
      expect(sequences.map(({ tokens }) => tokens)).toEqual(plain);
      expect(engine.stats.preemptions).toBeGreaterThan(0);
      expect(engine.stats.stepPlans.captured).toBeGreaterThan(captured);
      for (const { taken } of again) slots.giveBack(taken);
      expect(engine.stats).toMatchObject({ blocksOfAdapters: 3 * own, blocksUsed: 0 });
    },
    3 * own + 16,
  );
});

onCard('comes back from pinned memory, without its file, a byte from the host or a wait', () => {
  cpSync(at('a'), at('leaves'), { recursive: true });
  withEngine(1, (engine, slots) => {
    const answer = () => {
      slots.load('a', at('leaves'));
      const taken = slots.take('a') as EngineAdapter;
      const sequence = submit(engine, taken, 8);
      run(engine);
      slots.giveBack(taken);
      return sequence.tokens;
    };
    const first = answer();
    rmSync(at('leaves'), { recursive: true });
    slots.load('b', at('b'));
    expect(slots.keys).toEqual(['b']);
    // All that is left of it on the GPU.
    slots.evict();
    const before = cardCounters();
    slots.load('a', at('leaves'));
    const after = cardCounters();
    expect(after.synchronisations).toBe(before.synchronisations);
    // The op that carries a layer to its pages, twice.
    expect(after.launches - before.launches).toBe(2);
    expect(answer()).toEqual(first);
  });
});

onCard('is refused for now where those in use leave no pages, and for good where it never fits', () => {
  const own = pagesEach();
  withEngine(
    3,
    (engine, slots) => {
      slots.load('a', at('a'));
      const a = slots.take('a') as EngineAdapter;
      expect(() => slots.load('b', at('b'))).toThrow(
        `expected ${own} pages of the key-value cache for the adapter but ${own} of the ${2 * own - 1} that adapters may have are in use`,
      );
      slots.giveBack(a);
      slots.load('b', at('b'));
      expect(slots.keys).toEqual(['b']);
      // One context stays for sequences.
      expect(engine.lengthMax).toBe(64);
    },
    2 * own - 1 + 16,
  );
  withEngine(
    3,
    (engine, slots) => {
      expect(() => slots.load('a', at('a'))).toThrow(
        `expected an adapter of at most ${own - 1} pages of the key-value cache but received one of ${own}`,
      );
      expect(engine.stats.blocksOfAdapters).toBe(0);
    },
    own - 1 + 16,
  );
});

onCard('sends nobody away for one that never fits, has broken values or finds no room, and names the reason', () => {
  const own = pagesEach();
  writeWide();
  writeBroken('broken', NaN);
  withEngine(
    2,
    (engine, slots) => {
      const load = (name: string) => () => slots.load(name, at(name));
      for (const name of ['a', 'b']) load(name)();
      const refused = () => {
        expect(load('wide')).toThrow(expect.objectContaining({ code: 'adapter_too_large' }));
        expect(load('broken')).toThrow(expect.objectContaining({ code: 'non_finite_weight' }));
      };
      refused();
      expect(slots.keys).toEqual(['a', 'b']);
      slots.take('a');
      refused();
      // It would fit alone, not beside the one in use: the idle one stays.
      const { blocksOfAdapters } = engine.stats;
      expect(load('half')).toThrow(expect.objectContaining({ code: 'adapter_slots_full' }));
      expect(slots.keys).toEqual(['b', 'a']);
      expect(engine.stats.blocksOfAdapters).toBe(blocksOfAdapters);
      slots.take('b');
      refused();
      expect(load('c')).toThrow(expect.objectContaining({ code: 'adapter_slots_full' }));
    },
    2 * own + 16,
  );
});

onCard('is refused where bf16 cannot hold its numbers, and the largest that it holds are taken', () => {
  // The largest f32 that rounds down, and the next one: half a unit of bf16 above its largest number.
  const [below, above] = [(2 - 2 ** -8 - 2 ** -23) * 2 ** 127, (2 - 2 ** -8) * 2 ** 127];
  for (const sign of [1, -1]) {
    writeBroken('below', sign * below);
    writeBroken('above', sign * above);
    withEngine(2, (_engine, slots) => {
      expect(() => slots.load('above', at('above'))).toThrow(
        expect.objectContaining({
          code: 'weight_overflow',
          message: expect.stringMatching(
            /expected numbers that bf16 can hold in base_model\S+ but its element \d+/,
          ) as unknown,
        }),
      );
      slots.load('below', at('below'));
      expect(slots.keys).toEqual(['below']);
    });
  }
});

onCard('leaves the whole pool to sequences where adapters are not wanted, and else says what it keeps for them', () => {
  withEngine(
    0,
    (engine, slots) => {
      expect([engine.lengthMax, engine.shortBecause]).toEqual([
        40,
        'the key-value cache has room for 40 tokens; fix: raise HONE_SERVING_KV_MEGABYTES_MAX',
      ]);
      expect(() => slots.load('a', at('a'))).toThrow('expected a base without an adapter');
      const sequence = submit(engine, undefined, 36);
      run(engine);
      expect(sequence.tokens).toHaveLength(40);
    },
    10,
  );
  withEngine(
    1,
    (engine) => {
      expect([engine.lengthMax, engine.shortBecause]).toEqual([
        20,
        'the key-value cache has room for 40 tokens, and adapters may take that of 20; fix: raise HONE_SERVING_KV_MEGABYTES_MAX, or ' +
          'serve no adapters (HONE_SERVING_ADAPTERS_MAX=0)',
      ]);
    },
    10,
  );
  withEngine(1, (engine) => expect([engine.lengthMax, engine.shortBecause]).toEqual([64, undefined]), 32);
});
