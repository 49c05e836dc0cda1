import type { Digest } from '@hone/base';
import {
  attention,
  checkpoint,
  fromFloats,
  fromInts,
  gatherRows,
  isRecording,
  keep,
  kvWrite,
  linear,
  pagedAttention,
  scoped,
  tokenLogProbs,
  type Tensor,
  type TokenLogProbs,
} from '@hone/tensor';
import { Embedding, Linear, RmsNorm, baseOnly, type AdaptableModule, type LinearContext } from '@hone/nn';
import type { ModelConfig } from './config/model-config.js';
import { inverseFrequencies } from './config/rope.js';
import { allLinears, layerLinears } from './config/weight-map.js';
import { DecoderLayer, type Attend } from './decoder-layer.js';
import { kvBytesPerPage, newKvCache } from './kv-cache.js';
import type { BaseFormat, KvCache, ModelShape, PackedBatch, StepBatch } from './model.js';
import type { LoadedWeights } from './weights.js';

/** A decoder with its weights on the device: one forward pass for training, one over paged keys and values for serving. */
export class CausalModel {
  readonly shape: ModelShape;
  /** The linear modules that an adapter may be put on. */
  readonly modules: readonly AdaptableModule[];
  readonly arenas: LoadedWeights['arenas'];
  readonly #embedding: Embedding;
  readonly #layers: readonly DecoderLayer[];
  readonly #norm: RmsNorm;
  readonly #head: Tensor;
  readonly #invFreq: Tensor;
  #logits: Tensor | undefined;

  constructor(
    readonly config: ModelConfig,
    readonly format: BaseFormat,
    /** What an adapter must name to be accepted. */
    readonly fingerprint: Digest,
    weights: LoadedWeights,
  ) {
    const tensor = (name: string) => weights.tensors.get(name) as Tensor;
    const { vocabSize, hiddenSize, layers, heads, kvHeads, headDim, maxPositions, eosTokenIds, bosTokenId } = config;
    this.shape = { vocabSize, hiddenSize, layers, heads, kvHeads, headDim, maxPositions, eosTokenIds, bosTokenId };
    this.modules = allLinears(config);
    this.arenas = weights.arenas;
    this.#embedding = new Embedding(tensor('model.embed_tokens.weight'));
    this.#layers = Array.from({ length: layers }, (_, layer) => newLayer(config, layer, weights.tensors));
    this.#norm = new RmsNorm(tensor('model.norm.weight'), config.rmsNormEps);
    this.#head = config.isHeadTied ? this.#embedding.table : tensor('lm_head.weight');
    this.#invFreq = keep(fromFloats(inverseFrequencies(config.rope, headDim)));
  }

  /** Hidden states [wanted rows, hiddenSize] after the final norm; recorded while a tape records. */
  hidden(batch: PackedBatch): Tensor {
    const { adapter, dropoutSeed } = batch;
    const rows = batch.ids.length;
    const context = adapter ? { ranges: [{ adapter, begin: 0, end: rows }], dropoutSeed } : baseOnly;
    const run = () => {
      const positions = fromInts(batch.positions);
      const cuSeqlens = fromInts(batch.cuSeqlens);
      const attend: Attend = (layer, q, k, v) => attention(q, k, v, cuSeqlens, this.#attentionOptions(layer));
      const x = this.#layersForward(batch.ids, positions, attend, context, batch.isCheckpointed ?? false);
      return this.#norm.forward(batch.wantedRows ? gatherRows(x, fromInts(batch.wantedRows)) : x);
    };
    return isRecording() ? run() : scoped(run);
  }

  /** Log-probability of each row's target (negative = ignored), and what else is asked for. */
  tokenLogProbs(
    hidden: Tensor,
    targets: Int32Array,
    wanted: { entropy?: boolean; argmax?: boolean } = {},
  ): TokenLogProbs {
    const run = () => ({ ...tokenLogProbs(hidden, this.#head, fromInts(targets), wanted) });
    return isRecording() ? run() : scoped(run);
  }

  newKvCache(pages: number, pageSize: number): KvCache {
    return newKvCache(this.config, pages, pageSize);
  }

  kvBytesPerPage(pageSize: number): number {
    return kvBytesPerPage(this.config, pageSize);
  }

  /** Logits [logitRows.length, vocabSize], valid until the next step; the keys and values of all rows are in the pages. */
  step(batch: StepBatch): Tensor {
    this.#logits?.free();
    const logits = scoped(() => this.#step(batch));
    this.#logits = keep(logits);
    return logits;
  }

  free(): void {
    this.#logits?.free();
    this.#embedding.free();
    for (const layer of this.#layers) layer.free();
    this.#norm.free();
    this.#head.free();
    this.#invFreq.free();
    this.arenas?.decayed.free();
    this.arenas?.plain.free();
  }

  #step(batch: StepBatch): Tensor {
    const ints = (values: Int32Array) => fromInts(values);
    const slots = ints(batch.slots);
    const table = fromInts(batch.blockTable, [
      batch.blockTable.length / batch.blocksPerSequence,
      batch.blocksPerSequence,
    ]);
    const rows = {
      blockTable: table,
      rowSequence: ints(batch.rowSequence),
      rowPosition: ints(batch.rowPosition),
    };
    const { keys, values } = batch.kv;
    const attend: Attend = (layer, q, k, v) => {
      const [pagedKeys, pagedValues] = [keys[layer] as Tensor, values[layer] as Tensor];
      kvWrite(k, v, slots, pagedKeys, pagedValues);
      return pagedAttention(q, pagedKeys, pagedValues, rows, this.#attentionOptions(layer));
    };
    const ranges = (batch.adapters ?? []).map(({ adapter, rowStart, rowEnd }) => ({
      adapter,
      begin: rowStart,
      end: rowEnd,
    }));
    const x = this.#layersForward(batch.ids, ints(batch.positions), attend, { ranges }, false);
    // Only the rows that sample now go through the norm and the head.
    const wanted = this.#norm.forward(gatherRows(x, ints(batch.logitRows)));
    return linear(wanted, this.#head);
  }

  #layersForward(
    ids: Int32Array,
    positions: Tensor,
    attend: Attend,
    context: LinearContext,
    isCheckpointed: boolean,
  ): Tensor {
    const rotary = { positions, invFreq: this.#invFreq };
    let x = this.#embedding.forward(fromInts(ids));
    for (const layer of this.#layers) {
      const forward = (input: Tensor) => layer.forward(input, rotary, attend, context);
      if (isRecording()) {
        x = isCheckpointed ? checkpoint(forward, x) : forward(x);
        continue;
      }
      const input = x;
      x = scoped(() => forward(input));
      input.free();
    }
    return x;
  }

  #attentionOptions(layer: number): { scale: number; window: number } {
    return { scale: 1 / Math.sqrt(this.config.headDim), window: this.config.windows[layer] ?? 0 };
  }
}

function newLayer(config: ModelConfig, layer: number, tensors: ReadonlyMap<string, Tensor>): DecoderLayer {
  const specs = layerLinears(config, layer);
  const linears = specs.map(
    ({ path }, index) =>
      new Linear(
        path,
        tensors.get(`${path}.weight`) as Tensor,
        tensors.get(`${path}.bias`),
        layer * specs.length + index,
      ),
  );
  const [q, k, v, o, gate, up, down] = linears as [Linear, Linear, Linear, Linear, Linear, Linear, Linear];
  const norm = (name: string): RmsNorm | undefined => {
    const weight = tensors.get(`model.layers.${layer}.${name}.weight`);
    return weight && new RmsNorm(weight, config.rmsNormEps);
  };
  const modules = {
    inputNorm: norm('input_layernorm') as RmsNorm,
    outputNorm: norm('post_attention_layernorm') as RmsNorm,
    qNorm: norm('self_attn.q_norm'),
    kNorm: norm('self_attn.k_norm'),
    ...{ q, k, v, o, gate, up, down },
  };
  return new DecoderLayer(layer, modules, config);
}
