import type { ActivationOffload, Tensor } from '@hone/tensor';
import type { LoraAdapter, LoraPages, PagedAdapter } from '@hone/nn';

/**
 * How the frozen base is held in memory; adapters are f32 in every case, activations f32 on the processor and bf16 on a GPU. int4
 * holds the codes of a GPTQ or AWQ checkpoint as they are stored, and is refused for every other: rounding to it needs calibration, which Hone does not do.
 */
export const baseFormats = ['f32', 'bf16', 'nf4', 'int8', 'int4'] as const;

export type BaseFormat = (typeof baseFormats)[number];

/**
 * How the output head is held when a base is served by itself. `auto` follows the base: f32 for f32, bf16 for every other, as QLoRA
 * keeps it. int8 (rows of codes with one scale each) halves what a step reads of it; llama.cpp calls it --output-tensor-type.
 */
export const headFormats = ['auto', 'int8'] as const;

export type HeadFormat = (typeof headFormats)[number];

/** Where a model is read from: a folder in Hugging Face layout, or the same files as bytes by file name. */
export type ModelSource = string | ReadonlyMap<string, Uint8Array>;

export interface LoadModelOptions {
  /** Default f32. */
  format?: BaseFormat;
  /** Default auto; int8 is for serving alone, because no trainer holds its head so. */
  headFormat?: HeadFormat;
  /**
   * Linear weights of a quantised format are held as the bf16 values that their codes stand for: nothing is unpacked in a step, at
   * four times the bytes of nf4. The numbers are those of the format wherever products take its weights as bf16.
   */
  isUnpacked?: boolean;
  /** Full fine-tuning: every weight stays plain, gets a gradient, and can be written back. Needs format f32 or bf16. */
  isTrainable?: boolean;
}

/** Several sequences laid end to end without padding; attention never crosses a boundary. */
export interface PackedBatch {
  /** Token ids of all rows, T in all. */
  ids: Int32Array;
  /** The position of each token inside its own sequence. */
  positions: Int32Array;
  /** Where each sequence starts, and the end: S+1 numbers from 0 to T. */
  cuSeqlens: Int32Array;
  /** The adapter that is trained or evaluated; absent = the plain base. */
  adapter?: LoraAdapter;
  /** Rows whose hidden states are wanted, in this order; absent = all. The others skip the final norm and the head. */
  wantedRows?: Int32Array;
  /** Set while training with lora_dropout > 0: the dropout masks depend on this seed alone. */
  dropoutSeed?: number;
  /** Recompute each layer during the backward pass instead of keeping its activations. */
  isCheckpointed?: boolean;
  /** With `isCheckpointed` on a GPU: the inputs of the layers wait for the backward pass on the host. */
  offload?: ActivationOffload | undefined;
}

/** Rows rowStart..rowEnd-1 of a step go through this adapter; ranges may not overlap, uncovered rows use the plain base. */
export interface AdapterRows {
  adapter: LoraAdapter | PagedAdapter;
  rowStart: number;
  rowEnd: number;
}

/** Keys and values of every layer in pages; slot = page * pageSize + offset. */
export interface KvCache {
  readonly pages: number;
  readonly pageSize: number;
  readonly bytes: number;
  /** Per layer: f32 [pages, kvHeads, pageSize, headDim]. */
  readonly keys: readonly Tensor[];
  readonly values: readonly Tensor[];
  free(): void;
}

/**
 * One engine step: any mix of prefill chunks and single decode rows. Row r belongs to sequence rowSequence[r] (a row of the
 * block table), writes its key and value to slots[r], and attends to positions 0..rowPosition[r] of its sequence.
 */
export interface StepBatch {
  /** T token ids. */
  ids: Int32Array;
  /** T positions for the rotary embedding. */
  positions: Int32Array;
  /** T: which row of the block table. */
  rowSequence: Int32Array;
  /** T: last position the row may see; equal to positions unless the engine shifts positions. */
  rowPosition: Int32Array;
  /** T: where the row's key and value go. */
  slots: Int32Array;
  /** S * blocksPerSequence page numbers, row-major; unused entries may hold anything >= 0. */
  blockTable: Int32Array;
  blocksPerSequence: number;
  kv: KvCache;
  /** Order the rows so that each adapter's rows are neighbours. */
  adapters?: readonly AdapterRows[];
  /** Where all of these adapters have a slot: rows then name theirs on the device. */
  loraPages?: LoraPages | undefined;
  /** The rows whose logits are wanted (the last row of each sequence that samples now; all of a prompt for echo). */
  logitRows: Int32Array;
}

/** The numbers of a StepBatch as i32 tensors: [T] each, blockTable [S, blocksPerSequence], logitRows as many as are wanted. */
export interface StepRows {
  readonly ids: Tensor;
  readonly positions: Tensor;
  readonly rowSequence: Tensor;
  readonly rowPosition: Tensor;
  readonly slots: Tensor;
  readonly blockTable: Tensor;
  readonly logitRows: Tensor;
  /** Which slot of the paged adapters each row goes through (-1: none), where adapters are told so. */
  readonly adapterSlots?: Tensor | undefined;
}

/** What the engine and the recipes see of a model; `loadModel` makes one. */
export interface ModelShape {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly maxPositions: number;
  /** Ids that end a generation (config.json and generation_config.json together). */
  readonly eosTokenIds: readonly number[];
  readonly bosTokenId: number | undefined;
}
