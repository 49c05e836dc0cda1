// Goal: adapters and sequences live from one pool of blocks: none is handed out twice, nobody waits for ever, all comes back.
// Method: random traffic (fast-check, seed printed on failure) through scheduler, block manager and adapters that hold blocks alone.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BlockManager, type BlockTenant } from './block-manager.js';
import { greedy } from './sampling-settings.js';
import { Scheduler } from './scheduler.js';
import { Sequence } from './sequence.js';

const limits = { stepTokensMax: 16, sequencesMax: 6, logitRowsMax: 12 };
const blockSize = 4;
/** Blocks of each adapter. */
const sizes = new Map([
  ['a', 1],
  ['b', 2],
  ['c', 4],
  ['d', 5],
]);

/** Adapters as the engine keeps them, without a number of theirs. */
class Adapters implements BlockTenant {
  /** In the order of last use. */
  readonly held = new Map<string, { blocks: number[]; users: number }>();
  evictions = 0;

  constructor(
    readonly blocks: BlockManager,
    readonly scheduler: Scheduler,
  ) {
    blocks.tenant = this;
  }

  get idleBlocks(): number {
    return [...this.held.values()].reduce((sum, { blocks, users }) => sum + (users === 0 ? blocks.length : 0), 0);
  }

  evict(): void {
    expect(this.#evictIdle()).toBe(true);
  }

  /** False when those in use leave no room. */
  use(key: string): boolean {
    const needed = sizes.get(key) ?? 0;
    const known = this.held.get(key);
    if (!known) {
      while (needed > this.blocks.adapterBlocksMax - this.blocks.leased) if (!this.#evictIdle()) return false;
      let blocks = this.blocks.lease(needed);
      for (; !blocks; blocks = this.blocks.lease(needed)) expect(this.scheduler.preemptYoungest()).toBe(true);
      expect(blocks).toHaveLength(needed);
      expect(blocks).not.toContain(0);
      this.held.set(key, { blocks, users: 1 });
      return true;
    }
    this.held.delete(key);
    this.held.set(key, { blocks: known.blocks, users: known.users + 1 });
    return true;
  }

  letGo(key: string): void {
    const own = this.held.get(key);
    expect(own?.users).toBeGreaterThan(0);
    if (own) own.users--;
  }

  #evictIdle(): boolean {
    const [key, idle] = [...this.held].find(([, { users }]) => users === 0) ?? [];
    if (key === undefined || !idle) return false;
    this.blocks.endLease(idle.blocks);
    this.evictions++;
    return this.held.delete(key);
  }
}

type Act =
  | { type: 'arrive'; prompt: number[]; tokensMax: number; adapter: string }
  | { type: 'step' }
  | { type: 'abort'; pick: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('arrive' as const),
      prompt: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 24 }),
      tokensMax: fc.integer({ min: 1, max: 12 }),
      adapter: fc.constantFrom('', ...sizes.keys()),
    }),
  },
  { weight: 6, arbitrary: fc.constant<Act>({ type: 'step' }) },
  { weight: 1, arbitrary: fc.nat(20).map((pick): Act => ({ type: 'abort', pick })) },
);

function checkOwners(scheduler: Scheduler, adapters: Adapters): void {
  const leased = [...adapters.held.values()].flatMap(({ blocks }) => blocks);
  expect(leased).toHaveLength(adapters.blocks.leased);
  expect(leased.length).toBeLessThanOrEqual(adapters.blocks.adapterBlocksMax);
  const owned = new Set(leased);
  expect(owned.size).toBe(leased.length);
  for (const { blocks } of scheduler.running) {
    expect(new Set(blocks).size).toBe(blocks.length);
    expect(blocks.some((block) => owned.has(block))).toBe(false);
  }
  for (const { adapter } of scheduler.running) if (adapter) expect(adapters.held.has(adapter.key)).toBe(true);
}

function step(scheduler: Scheduler, ended: (sequence: Sequence) => void): void {
  const planned = scheduler.plan();
  // Whoever waits gets on: no adapter can keep the oldest from it.
  if (!scheduler.isIdle) expect(planned.length).toBeGreaterThan(0);
  scheduler.advance(planned);
  for (const { sequence } of planned) {
    if (sequence.state !== 'running' || sequence.remaining > 0) continue;
    sequence.append(sequence.tokens.length % 3);
    if (sequence.generated < sequence.tokensMax) continue;
    scheduler.finish(sequence);
    ended(sequence);
  }
}

describe('one pool for sequences and adapters', () => {
  it('hands no block out twice, takes none that is in use, lets everybody end and gets all back', () => {
    let [evictions, refusals, preemptions] = [0, 0, 0];
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), fc.integer({ min: 14, max: 20 }), (acts, count) => {
        // 36 tokens at most.
        const blocks = new BlockManager(count, blockSize, count - 9);
        const scheduler = new Scheduler(limits, blocks);
        const adapters = new Adapters(blocks, scheduler);
        const all: Sequence[] = [];
        const ended = ({ adapter }: Sequence) => adapter && adapters.letGo(adapter.key);
        for (const one of acts) {
          if (one.type === 'step') step(scheduler, ended);
          else if (one.type === 'abort') {
            const sequence = all[one.pick];
            if (sequence && sequence.state !== 'finished') {
              scheduler.finish(sequence);
              ended(sequence);
            }
          } else if (one.adapter === '' || adapters.use(one.adapter)) {
            const adapter = one.adapter === '' ? undefined : { key: one.adapter };
            const { prompt: ids, tokensMax } = one;
            all.push(new Sequence({ id: all.length, ids, adapter, sampling: greedy, tokensMax }));
            scheduler.add(all.at(-1) as Sequence);
          } else refusals++;
          checkOwners(scheduler, adapters);
        }
        for (let steps = 0; !scheduler.isIdle; steps++) {
          expect(steps).toBeLessThan(10_000);
          step(scheduler, ended);
          checkOwners(scheduler, adapters);
        }
        expect([...adapters.held.values()].every(({ users }) => users === 0)).toBe(true);
        expect(blocks.used).toBe(0);
        evictions += adapters.evictions;
        preemptions += scheduler.preemptions;
        while (adapters.idleBlocks > 0) adapters.evict();
        expect([blocks.leased, blocks.free]).toEqual([0, count]);
      }),
      { numRuns: 300 },
    );
    // The traffic meets what it is for.
    expect(Math.min(evictions, refusals, preemptions)).toBeGreaterThan(0);
  });

  it('lets remembered prompts go before idle adapters, and these before a running sequence', () => {
    const blocks = new BlockManager(20, blockSize, 6);
    const scheduler = new Scheduler(limits, blocks);
    const adapters = new Adapters(blocks, scheduler);
    let arrivals = 0;
    const run = (length: number, tokensMax: number) => {
      const id = arrivals++;
      const ids = Array.from({ length }, (_, index) => 100 * id + index);
      scheduler.add(new Sequence({ id, ids, sampling: greedy, tokensMax }));
      step(scheduler, () => undefined);
    };
    for (const key of ['c', 'b']) expect(adapters.use(key)).toBe(true);
    for (const key of ['c', 'b']) adapters.letGo(key);
    run(8, 1);
    expect([scheduler.isIdle, blocks.used, blocks.leased]).toEqual([true, 0, 6]);
    // Of 12 empty blocks and 2 remembered ones 10 and 3: the adapters stay.
    run(40, 16);
    for (let steps = 0; steps < 3; steps++) step(scheduler, () => undefined);
    run(12, 20);
    expect([[...adapters.held.keys()], scheduler.running.length]).toEqual([['c', 'b'], 2]);
    run(8, 20);
    expect([[...adapters.held.keys()], scheduler.preemptions]).toEqual([['b'], 0]);
    expect(adapters.use('b')).toBe(true);
    for (let steps = 0; scheduler.preemptions === 0; steps++) {
      expect(steps).toBeLessThan(30);
      step(scheduler, () => undefined);
    }
    expect([...adapters.held.keys()]).toEqual(['b']);
  });

  it('never lends block 0, and takes it from no sequence to do so', () => {
    const blocks = new BlockManager(5, blockSize, 4);
    expect(blocks.lease(4)?.sort()).toEqual([1, 2, 3, 4]);
    expect(blocks.free).toBe(1);
    const sequence = new Sequence({ id: 0, ids: [1, 2], sampling: greedy, tokensMax: 1 });
    expect(blocks.admit(sequence)).toBe(true);
    expect(sequence.blocks).toEqual([0]);
  });
});
