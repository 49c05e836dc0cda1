// Goal: whatever arrives, leaves or runs short, blocks are never shared wrongly or lost, and every sequence gets its end.
// Method: random traffic (fast-check, seed printed on failure) through scheduler and block manager without a model.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BlockManager } from './block-manager.js';
import { greedy } from './sampling-settings.js';
import { logitRowsOf, Scheduler } from './scheduler.js';
import { Sequence } from './sequence.js';

const limits = { stepTokensMax: 16, sequencesMax: 6, logitRowsMax: 12 };

interface Arrival {
  prompt: number[];
  tokensMax: number;
  isScored: boolean;
  adapter: string;
}

const arrival: fc.Arbitrary<Arrival> = fc.record({
  prompt: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 2, maxLength: 24 }),
  tokensMax: fc.integer({ min: 1, max: 12 }),
  isScored: fc.boolean(),
  adapter: fc.constantFrom('', 'a', 'b'),
});

type Act = { type: 'arrive'; arrival: Arrival } | { type: 'step' } | { type: 'abort'; pick: number };
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: arrival.map((value): Act => ({ type: 'arrive', arrival: value })) },
  { weight: 6, arbitrary: fc.constant<Act>({ type: 'step' }) },
  { weight: 1, arbitrary: fc.nat(20).map((pick): Act => ({ type: 'abort', pick })) },
);

function sequenceOf(id: number, { prompt, tokensMax, isScored, adapter }: Arrival): Sequence {
  const options = { id, ids: prompt, ...(adapter ? { adapter: { key: adapter } } : {}) };
  if (isScored) return new Sequence({ ...options, scoreFrom: prompt.length >> 1 });
  return new Sequence({ ...options, sampling: greedy, tokensMax });
}

/** A model whose next token depends on the sequence alone; checks what a step may rely on. */
function runStep(scheduler: Scheduler, cache: Map<number, string>, blockSize: number): void {
  const planned = scheduler.plan();
  const rows = planned.reduce((sum, { count }) => sum + count, 0);
  const logits = planned.reduce((sum, { sequence, start, count }) => sum + logitRowsOf(sequence, start, count), 0);
  expect(rows).toBeLessThanOrEqual(limits.stepTokensMax);
  expect(logits).toBeLessThanOrEqual(limits.logitRowsMax);
  if (!scheduler.isIdle) expect(rows).toBeGreaterThan(0);
  const slots = new Set<number>();
  for (const { sequence, start, count } of planned) {
    for (let position = start; position < start + count; position++) {
      const slot = (sequence.blocks[Math.floor(position / blockSize)] as number) * blockSize + (position % blockSize);
      expect(slots.has(slot)).toBe(false);
      slots.add(slot);
      cache.set(slot, contentAt(sequence, position));
    }
  }
  // Every earlier position of a sequence must still hold what this sequence needs, its own or shared.
  for (const { sequence, start, count } of planned) {
    for (let position = 0; position < start + count; position++) {
      const slot = (sequence.blocks[Math.floor(position / blockSize)] as number) * blockSize + (position % blockSize);
      expect(cache.get(slot)).toBe(contentAt(sequence, position));
    }
  }
  scheduler.advance(planned);
  for (const { sequence } of planned) {
    if (sequence.remaining > 0) continue;
    if (sequence.tokensMax > 0) sequence.append(sequence.tokens.length % 3);
    else expect(sequence.scoreNext).toBe(sequence.scoreEnd);
    if (sequence.tokensMax === 0 || sequence.generated >= sequence.tokensMax) scheduler.finish(sequence);
  }
}

const contentAt = ({ adapter, tokens }: Sequence, position: number): string =>
  `${adapter?.key ?? ''}:${tokens.slice(0, position + 1).join(',')}`;

describe('the scheduler', () => {
  it('computes every token in the right block, keeps its limits and gives every block back', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), fc.integer({ min: 9, max: 24 }), (acts, blockCount) => {
        const blockSize = 4;
        const blocks = new BlockManager(blockCount, blockSize);
        const scheduler = new Scheduler(limits, blocks);
        const cache = new Map<number, string>();
        const all: Sequence[] = [];
        for (const one of acts) {
          if (one.type === 'step') runStep(scheduler, cache, blockSize);
          else if (one.type === 'abort') {
            const sequence = all[one.pick];
            if (sequence) scheduler.finish(sequence);
          } else {
            const sequence = sequenceOf(all.length, one.arrival);
            all.push(sequence);
            scheduler.add(sequence);
          }
        }
        for (let steps = 0; !scheduler.isIdle; steps++) {
          expect(steps).toBeLessThan(10_000);
          runStep(scheduler, cache, blockSize);
        }
        expect(all.every(({ state }) => state === 'finished')).toBe(true);
        expect(blocks.used).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('serves running sequences before prompts and cuts prompts into chunks', () => {
    const scheduler = new Scheduler({ stepTokensMax: 8, sequencesMax: 4, logitRowsMax: 8 }, new BlockManager(16, 4));
    const first = new Sequence({ id: 0, ids: [1, 2], sampling: greedy, tokensMax: 5 });
    const second = new Sequence({ id: 1, ids: Array<number>(20).fill(7), sampling: greedy, tokensMax: 5 });
    scheduler.add(first);
    scheduler.add(second);
    const opening = scheduler.plan();
    expect(opening.map(({ sequence, start, count }) => [sequence.id, start, count])).toEqual([
      [0, 0, 2],
      [1, 0, 6],
    ]);
    scheduler.advance(opening);
    first.append(3);
    const next = scheduler.plan();
    expect(next.map(({ sequence, start, count }) => [sequence.id, start, count])).toEqual([
      [0, 2, 1],
      [1, 6, 7],
    ]);
  });

  it('preempts the youngest when blocks run out and lets the oldest finish', () => {
    const scheduler = new Scheduler({ stepTokensMax: 8, sequencesMax: 4, logitRowsMax: 8 }, new BlockManager(4, 4));
    const sequences = [0, 1].map(
      (id) => new Sequence({ id, ids: [id, id, id, id, id], sampling: greedy, tokensMax: 8 }),
    );
    for (const sequence of sequences) scheduler.add(sequence);
    const ended: number[] = [];
    while (!scheduler.isIdle) {
      const planned = scheduler.plan();
      scheduler.advance(planned);
      for (const { sequence } of planned) {
        if (sequence.remaining > 0) continue;
        sequence.append(9);
        if (sequence.generated < sequence.tokensMax) continue;
        scheduler.finish(sequence);
        ended.push(sequence.id);
      }
    }
    expect(scheduler.preemptions).toBeGreaterThan(0);
    expect(ended).toEqual([0, 1]);
    expect(scheduler.blocks.used).toBe(0);
  });

  it('computes the prompt of several choices once', () => {
    const scheduler = new Scheduler({ stepTokensMax: 64, sequencesMax: 8, logitRowsMax: 8 }, new BlockManager(64, 4));
    const ids = Array.from({ length: 21 }, (_, index) => index);
    const leader = new Sequence({ id: 0, ids, sampling: greedy, tokensMax: 3 });
    const followers = [1, 2].map((id) => new Sequence({ id, ids, sampling: greedy, tokensMax: 3, leader }));
    for (const sequence of [leader, ...followers]) scheduler.add(sequence);
    const opening = scheduler.plan();
    expect(opening.map(({ count }) => count)).toEqual([21]);
    scheduler.advance(opening);
    leader.append(1);
    const next = scheduler.plan();
    expect(next.map(({ sequence, start, count }) => [sequence.id, start, count])).toEqual([
      [0, 21, 1],
      [1, 20, 1],
      [2, 20, 1],
    ]);
  });

  it('never takes a remembered prompt of another adapter', () => {
    const blocks = new BlockManager(16, 4);
    const ids = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const run = (id: number, key: string): number => {
      const sequence = new Sequence({ id, ids, adapter: { key }, sampling: greedy, tokensMax: 1 });
      expect(blocks.admit(sequence)).toBe(true);
      const { reused } = sequence;
      sequence.computed = ids.length;
      blocks.commit(sequence);
      blocks.release(sequence);
      return reused;
    };
    expect([run(0, 'a'), run(1, 'b'), run(2, 'a')]).toEqual([0, 0, 8]);
  });
});
