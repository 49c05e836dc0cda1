import type { Engine, SequenceOutput } from './engine.js';
import type { GenerationOutput, Score, ScoreRequest } from './generation.js';
import type { ScoredIds } from './prompt.js';
import type { EngineAdapter } from './runner.js';
import { numberOf } from './sampler.js';
import type { Sequence } from './sequence.js';

/** Items of one request that are in the engine's queue at a time, so that a large evaluation does not bar chats from it. */
const itemsQueuedMax = 8;

/** A scoring request on its way: every item is one sequence, fed to the engine a few at a time. */
export class RunningScore {
  readonly id: string;
  readonly adapter: EngineAdapter | undefined;
  readonly #items: readonly ScoredIds[];
  readonly #scores: Score[];
  readonly #indexOf = new Map<Sequence<EngineAdapter>, number>();
  #next = 0;

  constructor({ id }: ScoreRequest, items: readonly ScoredIds[], adapter: EngineAdapter | undefined) {
    this.id = id;
    this.adapter = adapter;
    this.#items = items;
    this.#scores = items.map(() => ({ logProb: 0, tokens: 0 }));
  }

  get isDone(): boolean {
    return this.#next === this.#items.length && this.#indexOf.size === 0;
  }

  submit(engine: Engine): Sequence<EngineAdapter>[] {
    const submitted: Sequence<EngineAdapter>[] = [];
    while (this.#indexOf.size < itemsQueuedMax && this.#next < this.#items.length) {
      const { ids, from } = this.#items[this.#next] as ScoredIds;
      const sequence = engine.submit({ ids, adapter: this.adapter, scoreFrom: from });
      this.#indexOf.set(sequence, this.#next++);
      submitted.push(sequence);
    }
    return submitted;
  }

  opening(): GenerationOutput[] {
    return [];
  }

  take({ sequence, scored, ending }: SequenceOutput): GenerationOutput[] {
    const index = this.#indexOf.get(sequence);
    if (index === undefined) return [];
    const score = this.#scores[index] as Score;
    for (const known of scored) {
      score.logProb += numberOf(known);
      score.tokens++;
    }
    if (ending) this.#indexOf.delete(sequence);
    return this.isDone ? [{ type: 'scored', request: this.id, scores: this.#scores }] : [];
  }
}
