import { refusal, type Digest } from '@hone/base';
import {
  attention,
  checkpoint,
  fromInts,
  gatherRows,
  isRecording,
  keep,
  kvWrite,
  logits,
  logitsSoftcap,
  packWeight,
  pagedAttention,
  rope,
  ropeKvWrite,
  scoped,
  tokenLogProbs,
  type Tensor,
  type TokenLogProbs,
} from '@hone/tensor';
import { baseOnly, type AdaptableModule, type LinearContext, type LoraAdapter, type LoraPages } from '@hone/nn';
import type { ModelConfig } from './config/model-config.js';
import { layerLinears } from './config/decoder-spec.js';
import { allLinears } from './config/weight-map.js';
import { attentionPrecision, kvBytesPerPage, newKvCache } from './kv-cache.js';
import type { Attend } from './layers/attention.js';
import { DecoderLayer, sumOf, type Residual } from './layers/decoder-layer.js';
import { InputEmbedding } from './layers/input-embedding.js';
import { ModuleBuilder, type Norm } from './layers/module-builder.js';
import type {
  AdapterRows,
  BaseFormat,
  HeadFormat,
  KvCache,
  ModelShape,
  PackedBatch,
  StepBatch,
  StepRows,
} from './model.js';
import { packedHeadFormat, type LoadedWeights } from './weights.js';

/** A decoder with its weights on the device: one forward pass for training, one over paged keys and values for serving. */
export class CausalModel {
  readonly shape: ModelShape;
  /** The linear modules that an adapter may be put on. */
  readonly modules: readonly AdaptableModule[];
  readonly arenas: LoadedWeights['arenas'];
  readonly #embedding: InputEmbedding;
  readonly #layers: readonly DecoderLayer[];
  readonly #norm: Norm;
  readonly #head: Tensor;
  /** Everything on the device that is the model's own: weights and rotary tables. */
  readonly #owned: readonly Tensor[];
  #tiedHead: Tensor | undefined;
  #logits: Tensor | undefined;

  constructor(
    readonly config: ModelConfig,
    readonly format: BaseFormat,
    /** What an adapter must name to be accepted. */
    readonly fingerprint: Digest,
    weights: LoadedWeights,
    readonly headFormat: HeadFormat = 'auto',
  ) {
    const { vocabSize, hiddenSize, layers, heads, kvHeads, headDim, maxPositions, eosTokenIds, bosTokenId } = config;
    this.shape = { vocabSize, hiddenSize, layers, heads, kvHeads, headDim, maxPositions, eosTokenIds, bosTokenId };
    this.modules = allLinears(config);
    this.arenas = weights.arenas;
    const { tensors } = weights;
    const { embeddingPath, embeddingScale, positionPath, headPath, norm, layers: specs } = config.decoder;
    const weight = (path: string) => tensors.get(`${path}.weight`) as Tensor;
    const build = new ModuleBuilder(tensors, this.modules);
    const positions = positionPath === undefined ? undefined : weight(positionPath);
    this.#embedding = new InputEmbedding(weight(embeddingPath), embeddingScale, positions);
    this.#layers = specs.map((spec, index) => new DecoderLayer(index, spec, build));
    this.#norm = build.norm(norm);
    this.#head = headPath === undefined ? this.#embedding.table : weight(headPath);
    this.#owned = [...tensors.values(), ...build.tables];
  }

  /** Hidden states [wanted rows, hiddenSize] after the final norm; recorded while a tape records. */
  hidden(batch: PackedBatch): Tensor {
    const { adapter, dropoutSeed } = batch;
    if (isRecording()) refuseNoise(this.config);
    const rows = batch.ids.length;
    const context = adapter ? { ranges: [{ adapter, begin: 0, end: rows }], dropoutSeed } : baseOnly;
    const precision = attentionPrecision(this.format);
    const run = () => {
      const positions = fromInts(batch.positions);
      const cuSeqlens = fromInts(batch.cuSeqlens);
      const attend: Attend = (_, q, k, v, options, rotation) => {
        if (rotation) for (const heads of [q, k]) rope(heads, rotation.positions, rotation.invFreq);
        return attention(q, k, v, cuSeqlens, { ...options, precision });
      };
      const x = this.#layersForward(fromInts(batch.ids), positions, attend, context, batch);
      return this.#norm.forward(batch.wantedRows ? gatherRows(x, fromInts(batch.wantedRows)) : x);
    };
    return isRecording() ? run() : scoped(run);
  }

  /**
   * Log-probability of each row's target (negative = ignored), and what else is asked for. Not with a head in int8, which only the
   * steps of serving have: the trainer's numbers and the server's must be those of one model.
   */
  tokenLogProbs(
    hidden: Tensor,
    targets: Int32Array | Tensor,
    wanted: { entropy?: boolean; argmax?: boolean } = {},
  ): TokenLogProbs {
    if (this.headFormat === 'int8') throw headIsForServing();
    const softcap = this.config.decoder.logitSoftcap;
    const run = () => ({
      ...tokenLogProbs(hidden, this.#head, targets instanceof Int32Array ? fromInts(targets) : targets, {
        ...wanted,
        softcap,
      }),
    });
    return isRecording() ? run() : scoped(run);
  }

  /** Whether rows can name their adapters on the device: the experts of a mixture sort them anew, and take ranges. */
  get canPageAdapters(): boolean {
    return this.config.decoder.layers.every(({ mlp }) => mlp.kind !== 'experts');
  }

  /** `modules` by layer: where the matrices of an adapter lie on pages. */
  get moduleLayers(): readonly (readonly AdaptableModule[])[] {
    return this.config.decoder.layers.map(layerLinears);
  }

  newKvCache(pages: number, pageSize: number): KvCache {
    return newKvCache(this.config, this.format, pages, pageSize);
  }

  kvBytesPerPage(pageSize: number): number {
    return kvBytesPerPage(this.config, this.format, pageSize);
  }

  /** Logits [logitRows.length, vocabSize], valid until the next step; the keys and values of all rows are in the pages. */
  step(batch: StepBatch): Tensor {
    this.#logits?.free();
    this.#logits = keep(scoped(() => this.stepOn(uploaded(batch), batch.kv, batch)));
    return this.#logits;
  }

  free(): void {
    this.#logits?.free();
    for (const tensor of this.#owned) tensor.free();
    this.#tiedHead?.free();
    this.arenas?.decayed.free();
    this.arenas?.plain.free();
  }

  /**
   * The ops of a step over rows that lie on the device already: what `step` runs, and what a captured plan repeats. Logits
   * [logitRows, vocabSize].
   */
  stepOn(rows: StepRows, { keys, values }: KvCache, { adapters = [], loraPages }: StepAdapters = {}): Tensor {
    const attend: Attend = (layer, q, k, v, options, rotation) => {
      const [pagedKeys, pagedValues] = [keys[layer] as Tensor, values[layer] as Tensor];
      if (rotation) ropeKvWrite(q, k, v, rotation, rows.slots, pagedKeys, pagedValues);
      else kvWrite(k, v, rows.slots, pagedKeys, pagedValues);
      return pagedAttention(q, pagedKeys, pagedValues, rows, options);
    };
    const x = this.#layersForward(rows.ids, rows.positions, attend, adaptersOf(rows, adapters, loraPages));
    // Only the rows that sample now go through the norm and the head.
    const wanted = this.#norm.forward(gatherRows(x, rows.logitRows));
    const made = logits(wanted, this.#packedHead());
    const { logitSoftcap } = this.config.decoder;
    if (logitSoftcap > 0) logitsSoftcap(made, logitSoftcap);
    return made;
  }

  /**
   * The head in the kernels' layout. A tied one is packed a second time when the first step asks for it: a plain matrix is laid
   * out anew by every product, which at one row costs more than the product. Weights that are trained change under a copy.
   */
  #packedHead(): Tensor {
    if (!this.config.isHeadTied || this.arenas) return this.#head;
    this.#tiedHead ??= keep(packWeight(this.#head, packedHeadFormat(this.format, this.headFormat)));
    return this.#tiedHead;
  }

  #layersForward(
    ids: Tensor,
    positions: Tensor,
    attend: Attend,
    context: LinearContext,
    { isCheckpointed, offload }: Pick<PackedBatch, 'isCheckpointed' | 'offload'> = {},
  ): Tensor {
    const embedded = this.#embedding.forward(ids, positions);
    if (isRecording()) {
      return this.#layers.reduce((x, layer) => {
        const forward = (input: Tensor) => layer.forward(input, positions, attend, context);
        return isCheckpointed ? checkpoint(forward, x, offload) : forward(x);
      }, embedded);
    }
    let residual: Residual = { x: embedded };
    for (const layer of this.#layers) {
      const input = residual;
      const output = scoped(() => ({ ...layer.forwardOn(input, positions, attend, context) }));
      (input.update ?? input.x).free();
      residual = output;
    }
    const { x, update } = residual;
    if (!update) return x;
    sumOf({ x, update });
    x.free();
    return update;
  }
}

type StepAdapters = Pick<StepBatch, 'adapters' | 'loraPages'>;

function adaptersOf(
  { adapterSlots: slots }: StepRows,
  adapters: readonly AdapterRows[],
  paged: LoraPages | undefined,
): LinearContext {
  if (paged) return slots ? { ranges: [], paged: { paged, slots } } : baseOnly;
  // Without pages every adapter has matrices of its own.
  const ranges = adapters.map(({ adapter, rowStart: begin, rowEnd: end }) => ({
    adapter: adapter as LoraAdapter,
    begin,
    end,
  }));
  return { ranges };
}

/** The slot of each row's adapter; undefined where no row has one. */
function slotsOf({ ids, adapters = [], loraPages }: StepBatch): Tensor | undefined {
  if (!loraPages || adapters.length === 0) return undefined;
  const slots = new Int32Array(ids.length).fill(-1);
  for (const { adapter, rowStart, rowEnd } of adapters) slots.fill(loraPages.placeOf(adapter), rowStart, rowEnd);
  return fromInts(slots);
}

const uploaded = (batch: StepBatch): StepRows => ({
  adapterSlots: slotsOf(batch),
  ids: fromInts(batch.ids),
  positions: fromInts(batch.positions),
  slots: fromInts(batch.slots),
  blockTable: fromInts(batch.blockTable, [batch.blockTable.length / batch.blocksPerSequence, batch.blocksPerSequence]),
  rowSequence: fromInts(batch.rowSequence),
  rowPosition: fromInts(batch.rowPosition),
  logitRows: fromInts(batch.logitRows),
});

const headIsForServing = () =>
  refusal(
    'unsupported_config',
    '[tokenLogProbs] expected a model whose head follows its base but received one with a head in int8; fix: load it without headFormat',
    { param: 'headFormat' },
  );

/** Dropout inside the base is no part of fine-tuning here: a run that silently left it out would not be the one asked for. */
function refuseNoise({ trainingNoise }: ModelConfig): void {
  const [field] = trainingNoise;
  if (field === undefined) return;
  const message = `[model] ${field} above 0 is not built for training; fix: set ${trainingNoise.join(', ')} to 0 in config.json`;
  throw refusal('unsupported_config', message, { param: field });
}
