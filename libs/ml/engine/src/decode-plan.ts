import type { AdapterRows, CausalModel, KvCache } from '@hone/models';
import type { LoraAdapter } from '@hone/nn';
import { type CapturedPlan, capture, empty, keep, sample, type Tensor } from '@hone/tensor';
import { adapterRanges, type EngineAdapter } from './runner.js';
import type { SamplingSettings } from './sampling-settings.js';
import type { Sequence } from './sequence.js';

export type DecodeSequence = Sequence<EngineAdapter> & { readonly sampling: SamplingSettings };

/** The i32 numbers of a step with one per row, in order; seeds (two per row) and the block table (`width` per row) follow. */
const fields = ['ids', 'positions', 'slots', 'rowSequence', 'logitRows', 'counters', 'topK'] as const;
const floatFields = ['temperature', 'topP', 'minP'] as const;

/**
 * One decode step, from the tokens' embeddings to the drawn ids, for a fixed number of sequences, width of the block table and
 * adapter of each row. What differs from step to step comes in one array, and one native call runs it all.
 */
export class DecodePlan {
  readonly adapters: readonly AdapterRows[];
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

  constructor(model: CausalModel, kv: KvCache, sequences: readonly DecodeSequence[], width: number) {
    const rows = sequences.length;
    this.#rows = rows;
    this.#width = width;
    this.#pageSize = kv.pageSize;
    this.adapters = adapterRanges(sequences.map((sequence) => ({ sequence, count: 1 })));
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
      this.#values[fields.indexOf('rowSequence') * rows + row] = row;
      this.#values[fields.indexOf('logitRows') * rows + row] = row;
    }
  }

  get bytes(): number {
    return this.#captured.bytes + 4 * (this.#input.elements + this.#settings.elements);
  }

  uses(adapter: LoraAdapter): boolean {
    return this.adapters.some((rows) => rows.adapter === adapter);
  }

  /** Logits [rows, V], valid until the next run. */
  run(sequences: readonly DecodeSequence[]): Tensor {
    this.#fill(sequences);
    this.#captured.run(this.#values, this.drawn);
    return this.#captured.results.logits;
  }

  free(): void {
    this.#captured.free();
    this.#input.free();
    this.#settings.free();
  }

  #body(model: CausalModel, kv: KvCache): { logits: Tensor; tokens: Tensor } {
    const rows = this.#rows;
    const ints = (name: (typeof fields)[number]) => this.#input.slice(fields.indexOf(name) * rows, [rows]);
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
      blockTable: this.#input.slice((fields.length + 2) * rows, [rows, this.#width]),
    };
    const logits = model.stepOn(step, kv, this.adapters);
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
    const [rows, width, pageSize, values] = [this.#rows, this.#width, this.#pageSize, this.#values];
    let areSettingsNew = false;
    for (let row = 0; row < rows; row++) {
      const sequence = sequences[row] as DecodeSequence;
      const { sampling, blocks, computed } = sequence;
      const block = blocks[Math.floor(computed / pageSize)] as number;
      values[row] = sequence.tokens[computed] as number;
      values[rows + row] = computed;
      values[2 * rows + row] = block * pageSize + (computed % pageSize);
      values[5 * rows + row] = sequence.generated;
      values[6 * rows + row] = sampling.topK;
      values[7 * rows + 2 * row] = sampling.seed[0];
      values[7 * rows + 2 * row + 1] = sampling.seed[1];
      const table = 9 * rows + row * width;
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
