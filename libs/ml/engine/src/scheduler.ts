import { assert } from '@hone/base';
import type { BlockManager } from './block-manager.js';
import type { AdapterKey, Sequence } from './sequence.js';

export interface SchedulerLimits {
  /** Rows of one step: every running sequence's next token first, the rest goes to prompts in chunks. */
  stepTokensMax: number;
  sequencesMax: number;
  /** Rows of one step whose logits are read back; bounds the logits matrix when prompts are scored. */
  logitRowsMax: number;
}

/** Tokens start..start+count-1 of a sequence pass through the model in this step. */
export interface PlannedRows<Adapter extends AdapterKey = AdapterKey> {
  sequence: Sequence<Adapter>;
  start: number;
  count: number;
}

/**
 * Decides which tokens pass through the model next. Pure bookkeeping: no clock, no tensors. First come, first served: the
 * oldest running sequence always advances, so nothing starves; a sequence that is preempted for want of blocks goes back to
 * the head of the queue and is recomputed.
 */
export class Scheduler<Adapter extends AdapterKey = AdapterKey> {
  readonly limits: SchedulerLimits;
  readonly blocks: BlockManager;
  readonly #waiting: Sequence<Adapter>[] = [];
  readonly #running: Sequence<Adapter>[] = [];
  preemptions = 0;

  constructor(limits: SchedulerLimits, blocks: BlockManager) {
    this.limits = limits;
    this.blocks = blocks;
  }

  get waiting(): readonly Sequence<Adapter>[] {
    return this.#waiting;
  }

  get running(): readonly Sequence<Adapter>[] {
    return this.#running;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#running.length === 0;
  }

  /** Whether a sequence could ever run to its end here. */
  fits(lengthMax: number): boolean {
    return this.blocks.blocksFor(lengthMax) <= this.blocks.sequenceBlocksMax;
  }

  add(sequence: Sequence<Adapter>): void {
    assert(this.fits(sequence.lengthMax), `[scheduler] sequence ${sequence.id} can never fit; refuse it at the door`);
    insertByArrival(this.#waiting, sequence);
  }

  /** Ends a sequence, whatever it is doing; its blocks are free at once. */
  finish(sequence: Sequence<Adapter>): void {
    if (sequence.state === 'finished') return;
    remove(this.#waiting, sequence);
    remove(this.#running, sequence);
    this.blocks.release(sequence);
    sequence.state = 'finished';
  }

  /** Sends the youngest running sequence back to the queue; false when none runs. */
  preemptYoungest(): boolean {
    const youngest = this.#running.at(-1);
    if (youngest) this.#preempt(youngest);
    return youngest !== undefined;
  }

  /** The rows of the next step; empty only when nothing can run. */
  plan(): PlannedRows<Adapter>[] {
    const budget = { tokens: this.limits.stepTokensMax, logits: this.limits.logitRowsMax };
    const planned: PlannedRows<Adapter>[] = [];
    this.#planDecodes(planned, budget);
    for (const sequence of this.#running) {
      if (sequence.remaining > 1 || sequence.scoreEnd > sequence.scoreNext) this.#planChunk(planned, sequence, budget);
    }
    this.#admit(planned, budget);
    return planned;
  }

  /** Records that the planned rows were computed. */
  advance(planned: readonly PlannedRows<Adapter>[]): void {
    for (const { sequence, start, count } of planned) {
      if (sequence.state !== 'running') continue;
      assert(sequence.computed === start, `[scheduler] sequence ${sequence.id} advanced twice`);
      sequence.computed = start + count;
      sequence.scoreNext = Math.max(sequence.scoreNext, Math.min(sequence.computed, sequence.scoreEnd));
      this.blocks.commit(sequence);
    }
  }

  #planDecodes(planned: PlannedRows<Adapter>[], budget: Budget): void {
    // A copy, because preemption takes sequences out of #running; they are the youngest, hence behind the one at hand.
    for (const sequence of [...this.#running]) {
      if (sequence.state !== 'running' || !isDecode(sequence)) continue;
      if (budget.tokens === 0 || budget.logits === 0) return;
      if (!this.#makeRoom(sequence)) continue;
      planned.push({ sequence, start: sequence.computed, count: 1 });
      budget.tokens--;
      budget.logits--;
    }
  }

  /** Finds a block for the sequence's next token, at the cost of younger ones if need be; false when it was itself preempted. */
  #makeRoom(sequence: Sequence<Adapter>): boolean {
    while (!this.blocks.grow(sequence, sequence.computed + 1)) {
      const youngest = this.#running[this.#running.length - 1] as Sequence<Adapter>;
      this.#preempt(youngest);
      if (youngest === sequence) return false;
    }
    return true;
  }

  #preempt(sequence: Sequence<Adapter>): void {
    remove(this.#running, sequence);
    this.blocks.release(sequence);
    sequence.state = 'waiting';
    this.preemptions++;
    insertByArrival(this.#waiting, sequence);
  }

  #planChunk(planned: PlannedRows<Adapter>[], sequence: Sequence<Adapter>, budget: Budget): void {
    const start = sequence.computed;
    let count = Math.min(sequence.remaining, budget.tokens);
    count = Math.min(count, rowsWithin(sequence, start, count, budget.logits));
    if (count <= 0) return;
    planned.push({ sequence, start, count });
    budget.tokens -= count;
    budget.logits -= logitRowsOf(sequence, start, count);
  }

  #admit(planned: PlannedRows<Adapter>[], budget: Budget): void {
    for (let index = 0; index < this.#waiting.length;) {
      if (budget.tokens === 0 || budget.logits === 0 || this.#running.length >= this.limits.sequencesMax) return;
      const sequence = this.#waiting[index] as Sequence<Adapter>;
      if (waitsForLeader(sequence)) {
        index++;
        continue;
      }
      if (!this.blocks.admit(sequence)) return;
      this.#waiting.splice(index, 1);
      sequence.state = 'running';
      insertByArrival(this.#running, sequence);
      this.#planChunk(planned, sequence, budget);
    }
  }
}

interface Budget {
  tokens: number;
  logits: number;
}

const isDecode = (sequence: Sequence): boolean => sequence.remaining === 1 && sequence.scoreNext >= sequence.scoreEnd;

/** Followers wait while their leader computes the prompt that all of them share. */
function waitsForLeader({ leader }: Sequence): boolean {
  return leader !== undefined && leader.state !== 'finished' && !leader.isPrefilled && leader.generated === 0;
}

/** Rows of this chunk whose logits are needed: scored positions, and the last row when a token is drawn from it. */
export function logitRowsOf(sequence: Sequence, start: number, count: number): number {
  const end = start + count;
  const scored = Math.max(0, Math.min(end, sequence.scoreEnd) - Math.max(start, sequence.scoreNext));
  return scored + (sequence.tokensMax > 0 && end === sequence.tokens.length ? 1 : 0);
}

function rowsWithin(sequence: Sequence, start: number, count: number, logitsMax: number): number {
  let rows = count;
  while (rows > 0 && logitRowsOf(sequence, start, rows) > logitsMax) {
    rows -= logitRowsOf(sequence, start, rows) - logitsMax;
  }
  return rows;
}

function insertByArrival<A extends AdapterKey>(queue: Sequence<A>[], sequence: Sequence<A>): void {
  let index = queue.length;
  while (index > 0 && (queue[index - 1] as Sequence<A>).id > sequence.id) index--;
  queue.splice(index, 0, sequence);
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
