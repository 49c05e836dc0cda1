import { assert } from '@hone/base';
import type { Sequence } from './sequence.js';

/** Who holds blocks beside sequences and can do without some: the adapters. */
export interface BlockTenant {
  /** Blocks of adapters that nobody uses. */
  readonly idleBlocks: number;
  /** Gives back those of the adapter that was not used for longest. */
  evict(): void;
}

/**
 * Hands out the blocks of the paged key-value cache and remembers what full blocks hold, so that equal prompt beginnings are
 * computed once. A block's content is named by (content of the block before it, its tokens); the chain starts at the
 * adapter's key. Names are exact, not hashes: two contents never collide.
 *
 * Adapters lease blocks of the same pool (S-LoRA, arXiv 2311.03285). Whoever needs one takes an empty one, then one whose content is only
 * remembered, then those of an adapter that nobody uses. What adapters may lease leaves `sequenceBlocksMax` to sequences, whatever runs.
 */
export class BlockManager {
  readonly blocks: number;
  readonly blockSize: number;
  readonly #references: Int32Array;
  readonly #empty: number[] = [];
  /** Blocks that nobody uses but whose content may be asked for again; the first is the longest unused. */
  readonly #idle = new Set<number>();
  readonly #contentOf: (number | undefined)[];
  readonly #keyOf: (string | undefined)[];
  readonly #blockOfKey = new Map<string, number>();
  /** Blocks that adapters may hold together. */
  readonly adapterBlocksMax: number;
  tenant: BlockTenant | undefined;
  #contents = 0;
  #leased = 0;

  constructor(blocks: number, blockSize: number, adapterBlocksMax = 0) {
    this.blocks = blocks;
    this.blockSize = blockSize;
    this.adapterBlocksMax = adapterBlocksMax;
    this.#references = new Int32Array(blocks);
    this.#contentOf = new Array<number | undefined>(blocks);
    this.#keyOf = new Array<string | undefined>(blocks);
    for (let block = blocks - 1; block >= 0; block--) this.#empty.push(block);
  }

  /** Blocks that can be handed out now, remembered ones and those of idle adapters included. */
  get free(): number {
    return this.#unused + (this.tenant?.idleBlocks ?? 0);
  }

  /** Blocks that one sequence can always have, at the cost of all others. */
  get sequenceBlocksMax(): number {
    return this.blocks - this.adapterBlocksMax;
  }

  /** Blocks of adapters, in use or not. */
  get leased(): number {
    return this.#leased;
  }

  get used(): number {
    return this.blocks - this.free;
  }

  blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.blockSize);
  }

  /**
   * Gives a waiting sequence the blocks for all of its tokens, or nothing at all. What the cache remembers is shared; at least
   * one token is left to compute, and so is every token whose log-probability is wanted.
   */
  admit(sequence: Sequence): boolean {
    assert(sequence.blocks.length === 0, '[blocks] a sequence without blocks is admitted');
    // The last token is always computed, so at least one new block is needed; names of blocks are not even made up without one.
    if (this.free === 0) return false;
    const needed = this.blocksFor(sequence.target);
    const shared = this.#remembered(sequence);
    const idleShared = shared.filter((block) => this.#references[block] === 0).length;
    if (!this.#makeRoom(needed - shared.length + idleShared)) return false;
    for (const block of shared) this.#take(block);
    sequence.blocks.push(...shared);
    sequence.committedBlocks = shared.length;
    sequence.reused = shared.length * this.blockSize;
    sequence.computed = sequence.reused;
    while (sequence.blocks.length < needed) sequence.blocks.push(this.#next());
    return true;
  }

  /** Makes room for the tokens up to `length`; false when no block is left. */
  grow(sequence: Sequence, length: number): boolean {
    const needed = this.blocksFor(length);
    if (!this.#makeRoom(needed - sequence.blocks.length)) return false;
    while (sequence.blocks.length < needed) sequence.blocks.push(this.#next());
    return true;
  }

  /** Remembers the blocks that the last step filled. */
  commit(sequence: Sequence): void {
    const full = Math.floor(sequence.computed / this.blockSize);
    for (let index = sequence.committedBlocks; index < full; index++) {
      const block = sequence.blocks[index] as number;
      const key = this.#key(
        sequence,
        index,
        index === 0 ? undefined : this.#contentOf[sequence.blocks[index - 1] as number],
      );
      const twin = this.#blockOfKey.get(key);
      // Another sequence computed the same content first: its block stays the remembered one, the chain goes on from it.
      this.#contentOf[block] = twin === undefined ? this.#contents++ : this.#contentOf[twin];
      if (twin === undefined) {
        this.#keyOf[block] = key;
        this.#blockOfKey.set(key, block);
      }
    }
    sequence.committedBlocks = Math.max(sequence.committedBlocks, full);
  }

  /** Gives all blocks of a sequence back. */
  release(sequence: Sequence): void {
    // Last first, so that the beginnings of prompts, which are shared most, are forgotten last.
    for (const block of sequence.blocks.reverse()) {
      const left = (this.#references[block] as number) - 1;
      assert(left >= 0, `[blocks] block ${block} was given back twice`);
      this.#references[block] = left;
      if (left > 0) continue;
      if (this.#keyOf[block] === undefined) {
        this.#contentOf[block] = undefined;
        this.#empty.push(block);
      } else this.#idle.add(block);
    }
    sequence.blocks.length = 0;
    sequence.committedBlocks = 0;
    sequence.computed = 0;
  }

  /**
   * Blocks for an adapter, or undefined where sequences hold too many. Never block 0: rows of a captured step that have no sequence look
   * at its first token, which keys and values alone may have written.
   */
  lease(count: number): number[] | undefined {
    assert(this.#leased + count <= this.adapterBlocksMax, '[blocks] adapters ask for more than they may have');
    const isFirstUnused = this.#references[0] === 0;
    if (!this.#makeRoom(count + (isFirstUnused ? 1 : 0))) return undefined;
    const isRemembered = this.#idle.delete(0);
    const empty = this.#empty.indexOf(0);
    if (empty >= 0) this.#empty.splice(empty, 1);
    const blocks = Array.from({ length: count }, () => this.#next());
    if (empty >= 0) this.#empty.push(0);
    if (isRemembered) this.#idle.add(0);
    this.#leased += count;
    return blocks;
  }

  /** Takes back what an adapter leased. */
  endLease(blocks: readonly number[]): void {
    this.#leased -= blocks.length;
    for (const block of blocks) {
      assert(this.#references[block] === 1, `[blocks] block ${block} of an adapter was given back twice`);
      this.#references[block] = 0;
      this.#empty.push(block);
    }
  }

  get #unused(): number {
    return this.#empty.length + this.#idle.size;
  }

  /** Sends idle adapters away until `count` blocks are unused; not one where all of them were not enough. */
  #makeRoom(count: number): boolean {
    if (count > this.free) return false;
    while (count > this.#unused) this.tenant?.evict();
    return true;
  }

  #remembered(sequence: Sequence): number[] {
    const isScored = sequence.scoreNext < sequence.scoreEnd;
    const tokensMax = isScored ? Math.min(sequence.target - 1, sequence.scoreNext) : sequence.target - 1;
    const shared: number[] = [];
    let parent: number | undefined;
    for (let index = 0; (index + 1) * this.blockSize <= tokensMax; index++) {
      const block = this.#blockOfKey.get(this.#key(sequence, index, parent));
      if (block === undefined) break;
      shared.push(block);
      parent = this.#contentOf[block];
    }
    return shared;
  }

  #key(sequence: Sequence, index: number, parent: number | undefined): string {
    const start = index * this.blockSize;
    const chain = parent === undefined ? `adapter ${sequence.adapter?.key ?? ''}` : String(parent);
    return `${chain}|${sequence.tokens.slice(start, start + this.blockSize).join(',')}`;
  }

  #take(block: number): void {
    this.#idle.delete(block);
    this.#references[block] = (this.#references[block] as number) + 1;
  }

  #next(): number {
    const [longestIdle] = this.#idle;
    if (this.#empty.length === 0 && longestIdle !== undefined) this.#forgetContent(longestIdle);
    const block = this.#empty.pop();
    assert(block !== undefined, '[blocks] a block was asked for although none is free');
    this.#references[block] = 1;
    return block;
  }

  /** A remembered block becomes an empty one. */
  #forgetContent(block: number): void {
    if (!this.#idle.delete(block)) return;
    this.#blockOfKey.delete(this.#keyOf[block] as string);
    this.#keyOf[block] = undefined;
    this.#contentOf[block] = undefined;
    this.#empty.push(block);
  }
}
