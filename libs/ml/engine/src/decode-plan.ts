import type { AdapterRows, CausalModel, KvCache } from '@hone/models';
import type { LoraAdapter, LoraStacks } from '@hone/nn';
import { type CapturedPlan, capture, empty, keep, sample, type Tensor } from '@hone/tensor';
import type { EngineAdapter } from './runner.js';
import type { SamplingSettings } from './sampling-settings.js';
import type { Sequence } from './sequence.js';

export type DecodeSequence = Sequence<EngineAdapter> & { readonly sampling: SamplingSettings };

/** The i32 numbers of a step with one per row, in order; seeds (two per row) and the block table (`width` per row) follow. */
const fields = ['ids', 'positions', 'slots', 'rowSequence', 'logitRows', 'counters', 'topK', 'adapterSlots'] as const;
const placeOf = Object.fromEntries(fields.map((name, place) => [name, place])) as Record<
  (typeof fields)[number],
  number
>;
const floatFields = ['temperature', 'topP', 'minP'] as const;

/** What is fixed in a plan; everything else comes with each run. */
export interface DecodeShape {
  /** At least as many as sequences; the rows behind them write nowhere, and nobody reads what they draw. */
  readonly rows: number;
  /** Blocks of a sequence. */
  readonly width: number;
  /** The adapter of each row, where it is fixed. */
  readonly adapters: readonly AdapterRows[];
  /** The adapters that rows name when the plan runs. */
  readonly stacks: LoraStacks | undefined;
}

/**
 * One decode step, from the tokens' embeddings to the drawn ids, for a shape. What differs from step to step comes in one array, and
 * one native call runs it all.
 */
export class DecodePlan {
  readonly shape: DecodeShape;
  /** The ids of the last run. */
  readonly drawn: Int32Array;
  readonly #rows: number;
  readonly #width: number;
  readonly #pageSize: number;
  readonly #input: Tensor;
  readonly #settings: Tensor;
  readonly #values: Int32Array;
  readonly #floats: Float32Array;
  readonly #captured: CapturedPlan<{ logits: Tensor; tokens: Tensor }>;

  constructor(model: CausalModel, kv: KvCache, shape: DecodeShape) {
    const { rows, width } = shape;
    this.shape = shape;
    this.#rows = rows;
    this.#width = width;
    this.#pageSize = kv.pageSize;
    this.drawn = new Int32Array(rows);
    this.#input = keep(empty([rows * (fields.length + 2 + width)], 'i32'));
    this.#settings = keep(empty([rows * floatFields.length]));
    this.#values = new Int32Array(this.#input.elements);
    this.#floats = new Float32Array(this.#settings.elements).fill(NaN);
    try {
      this.#captured = capture(() => this.#body(model, kv), { input: this.#input, output: 'tokens' });
    } catch (error) {
      this.#input.free();
      this.#settings.free();
      throw error;
    }
    for (let row = 0; row < rows; row++) {
      this.#values[placeOf.rowSequence * rows + row] = row;
      this.#values[placeOf.logitRows * rows + row] = row;
    }
  }

  get bytes(): number {
    return this.#captured.bytes + 4 * (this.#input.elements + this.#settings.elements);
  }

  uses(adapter: LoraAdapter): boolean {
    return this.shape.adapters.some((rows) => rows.adapter === adapter);
  }

  /** Logits [sequences, V], valid until the next run. */
  run(sequences: readonly DecodeSequence[]): Tensor {
    this.#fill(sequences);
    this.#captured.run(this.#values, this.drawn);
    return this.#captured.results.logits.rows(0, sequences.length);
  }

  free(): void {
    this.#captured.free();
    this.#input.free();
    this.#settings.free();
  }

  #body(model: CausalModel, kv: KvCache): { logits: Tensor; tokens: Tensor } {
    const rows = this.#rows;
    const ints = (name: (typeof fields)[number]) => this.#input.slice(placeOf[name] * rows, [rows]);
    const floats = (name: (typeof floatFields)[number]) =>
      this.#settings.slice(floatFields.indexOf(name) * rows, [rows]);
    const positions = ints('positions');
    const step = {
      ids: ints('ids'),
      positions,
      rowPosition: positions,
      slots: ints('slots'),
      rowSequence: ints('rowSequence'),
      logitRows: ints('logitRows'),
      adapterSlots: this.shape.stacks && ints('adapterSlots'),
      blockTable: this.#input.slice((fields.length + 2) * rows, [rows, this.#width]),
    };
    const { adapters, stacks } = this.shape;
    const logits = model.stepOn(step, kv, { adapters, stacks });
    const tokens = empty([rows], 'i32');
    const settings = {
      temperature: floats('temperature'),
      topP: floats('topP'),
      minP: floats('minP'),
      topK: ints('topK'),
      seeds: this.#input.slice(fields.length * rows, [rows, 2]),
      counters: ints('counters'),
    };
    sample(logits, settings, tokens);
    return { logits, tokens };
  }

  #fill(sequences: readonly DecodeSequence[]): void {
    const [rows, pageSize, values] = [this.#rows, this.#pageSize, this.#values];
    const stacks = this.shape.stacks;
    let areSettingsNew = false;
    for (let row = 0; row < rows; row++) {
      // A row without a sequence looks at the first token of the first one, which is there whatever happens.
      const isActive = row < sequences.length;
      const sequence = sequences[isActive ? row : 0] as DecodeSequence;
      const { sampling, blocks, computed, adapter } = sequence;
      const block = blocks[Math.floor(computed / pageSize)] as number;
      values[placeOf.ids * rows + row] = isActive ? (sequence.tokens[computed] as number) : 0;
      values[placeOf.positions * rows + row] = isActive ? computed : 0;
      values[placeOf.slots * rows + row] = isActive ? block * pageSize + (computed % pageSize) : -1;
      values[placeOf.counters * rows + row] = sequence.generated;
      values[placeOf.topK * rows + row] = sampling.topK;
      values[placeOf.adapterSlots * rows + row] = isActive && adapter && stacks ? stacks.slotOf(adapter.lora) : -1;
      values[fields.length * rows + 2 * row] = sampling.seed[0];
      values[fields.length * rows + 2 * row + 1] = sampling.seed[1];
      const table = (fields.length + 2) * rows + row * this.#width;
      // What lies behind a sequence's own blocks is never read.
      for (let index = 0; index < blocks.length; index++) values[table + index] = blocks[index] as number;
      for (const [field, name] of floatFields.entries()) {
        const value = Math.fround(sampling[name]);
        if (this.#floats[field * rows + row] === value) continue;
        this.#floats[field * rows + row] = value;
        areSettingsNew = true;
      }
    }
    if (areSettingsNew) this.#settings.write(this.#floats);
  }
}
