import { assert } from '@hone/base';
import type { SamplingSettings } from './sampling-settings.js';

/** Whose weights a sequence's rows go through besides the base's; the key is the adapter's content, never its name. */
export interface AdapterKey {
  readonly key: string;
}

const noTokens: ReadonlySet<number> = new Set();

export type SequenceState = 'waiting' | 'running' | 'finished';

export interface SequenceOptions<Adapter extends AdapterKey = AdapterKey> {
  /** Arrival order: smaller numbers are served first and preempted last. */
  id: number;
  /** Prompt tokens, or prompt and answer when the answer is only scored. */
  ids: ArrayLike<number>;
  adapter?: Adapter | undefined;
  /** Absent when the sequence is scored and nothing is drawn. */
  sampling?: SamplingSettings | undefined;
  /** At most this many tokens are drawn. */
  tokensMax?: number;
  /** Ids that end the sequence when they are drawn. */
  stopTokens?: ReadonlySet<number> | undefined;
  /** Rows whose log-probability of the next given token is wanted: from this position up to the last given token. */
  scoreFrom?: number | undefined;
  /** How many alternatives are reported for each scored token. */
  scoreTop?: number;
  /** Another choice of the same request: this one starts when that one's prompt is in the cache. */
  leader?: Sequence<Adapter> | undefined;
}

/**
 * One stream of tokens on its way through the engine. `computed` counts the tokens whose keys and values lie in the blocks;
 * preemption sets it back to zero and nothing else is lost, because recomputing gives the same bits.
 */
export class Sequence<Adapter extends AdapterKey = AdapterKey> {
  readonly id: number;
  readonly tokens: number[];
  readonly promptLength: number;
  readonly adapter: Adapter | undefined;
  readonly sampling: SamplingSettings | undefined;
  readonly tokensMax: number;
  readonly stopTokens: ReadonlySet<number>;
  readonly leader: Sequence<Adapter> | undefined;
  /** How often each id was drawn; kept only when a penalty asks for it. */
  readonly drawnCounts: Map<number, number> | undefined;
  state: SequenceState = 'waiting';
  computed = 0;
  /** Tokens taken from the prefix cache at the last admission. */
  reused = 0;
  readonly blocks: number[] = [];
  /** How many of `blocks`, from the first, are known to the prefix cache. */
  committedBlocks = 0;
  /** Positions scoreNext..scoreEnd-1 still wait for the log-probability of the token after them. */
  scoreNext: number;
  readonly scoreEnd: number;
  readonly scoreTop: number;

  constructor(options: SequenceOptions<Adapter>) {
    const { id, ids, adapter, sampling, tokensMax = 0, stopTokens, scoreFrom, scoreTop = 0, leader } = options;
    assert(ids.length > 0, '[sequence] expected at least one token');
    this.id = id;
    this.tokens = Array.from(ids);
    this.promptLength = ids.length;
    this.adapter = adapter;
    this.sampling = sampling;
    this.tokensMax = sampling ? tokensMax : 0;
    this.stopTokens = stopTokens ?? noTokens;
    this.leader = leader;
    const isPenalised = sampling !== undefined && (sampling.presencePenalty !== 0 || sampling.frequencyPenalty !== 0);
    this.drawnCounts = isPenalised ? new Map() : undefined;
    this.scoreNext = scoreFrom ?? 0;
    this.scoreEnd = scoreFrom === undefined ? 0 : ids.length - 1;
    this.scoreTop = scoreTop;
  }

  /** How many tokens must pass through the model before the next draw, or in all when nothing is drawn. */
  get target(): number {
    return this.tokensMax > 0 ? this.tokens.length : this.tokens.length - 1;
  }

  get remaining(): number {
    return this.target - this.computed;
  }

  /** The most tokens that this sequence will ever hold in blocks; the last drawn token is never computed. */
  get lengthMax(): number {
    return Math.max(1, this.promptLength + this.tokensMax - 1);
  }

  get generated(): number {
    return this.tokens.length - this.promptLength;
  }

  append(token: number): void {
    this.tokens.push(token);
    this.drawnCounts?.set(token, (this.drawnCounts.get(token) ?? 0) + 1);
  }

  get isPrefilled(): boolean {
    return this.computed >= Math.min(this.promptLength, this.target);
  }
}
