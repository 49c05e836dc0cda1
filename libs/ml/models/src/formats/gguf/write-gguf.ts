import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import {
  bug,
  ggufHead,
  ggufOfWeight,
  ggufPaddingAfter,
  ggufTensorBytes,
  ggmlLayouts,
  type GgufField,
  type GgufKind,
  type GgufWeightName,
} from '@hone/base';
import type { ModelConfig } from '../../config/model-config.js';
import { transpose } from '../../transpose.js';
import type { WeightSource } from '../weight-source.js';
import { ggufModelFields, type GgufExportType } from './model-fields.js';
import { permuteRows } from './permute.js';
import { quantizeGguf, type WrittenGgmlType } from './quantize.js';

export interface WriteGgufOptions {
  readonly config: ModelConfig;
  /** The weights of the model, all of them. */
  readonly weights: WeightSource;
  /** `general.name`. */
  readonly name: string;
  readonly type: GgufExportType;
  /** `tokenizer.ggml.*`, from the files of the model's tokenizer. */
  readonly tokenizer: ReadonlyMap<string, GgufField>;
}

interface Written {
  readonly name: string;
  readonly type: WrittenGgmlType;
  readonly shape: readonly number[];
  readonly values: () => Float32Array;
}

/**
 * Writes a model as one GGUF file: matrices in the wanted type, vectors in F32 as llama.cpp wants them, a matrix whose rows are
 * no whole number of blocks in F16. One tensor at a time is in memory; the file appears under its name when it is whole.
 */
export function writeGguf(path: string, { config, weights, name, type, tokenizer }: WriteGgufOptions): void {
  const { kind, fields, ropeFactors } = ggufModelFields(config, name, type);
  const tensors = tensorsOf(kind, config, weights, type);
  if (ropeFactors) {
    tensors.unshift({ name: 'rope_freqs.weight', type: 'F32', shape: [ropeFactors.length], values: () => ropeFactors });
  }
  writeWhole(path, function* () {
    yield ggufHead(new Map([...fields, ...tokenizer]), tensors);
    for (const tensor of tensors) {
      const bytes = quantizeGguf(tensor.type, tensor.values());
      if (bytes.byteLength !== ggufTensorBytes(tensor)) {
        throw bug(
          'gguf',
          `[gguf] expected ${ggufTensorBytes(tensor)} bytes for ${tensor.name} but received ${bytes.byteLength}`,
        );
      }
      yield bytes;
      yield ggufPaddingAfter(tensor);
    }
  });
}

/** The weights as the tensors of the file: what reading does to them undone, the experts' matrices one after another. */
function tensorsOf(kind: GgufKind, config: ModelConfig, weights: WeightSource, type: GgufExportType): Written[] {
  const stacks = new Map<string, string[]>();
  const tensors: Written[] = [];
  for (const weight of weights.names) {
    const { shape: own } = weights.entry(weight);
    const home = ggufOfWeight(kind, weight);
    if (!home) throw bug('gguf', `[gguf] expected a place for ${weight} in ${kind} but there is none`);
    if (home.expert !== undefined) {
      const experts = stacks.get(home.name) ?? [];
      experts[home.expert] = weight;
      stacks.set(home.name, experts);
      continue;
    }
    const shape = home.change === 'transpose' ? [...own].reverse() : own;
    const values = (): Float32Array => unread(weights.floats(weight), own, home, config);
    tensors.push({ name: home.name, type: typeOf(home.name, shape, type), shape, values });
  }
  for (const [name, experts] of stacks) {
    const shape = [experts.length, ...weights.entry(experts[0] as string).shape];
    const values = (): Float32Array => concatenated(experts.map((weight) => weights.floats(weight)));
    tensors.push({ name, type: typeOf(name, shape, type), shape, values });
  }
  return tensors;
}

function unread(
  values: Float32Array,
  shape: readonly number[],
  { change, heads }: GgufWeightName,
  config: ModelConfig,
): Float32Array {
  switch (change) {
    case 'none':
      return values;
    case 'minus-one':
      return values.map((weight) => weight + 1);
    case 'transpose':
      return transpose(values, shape[0] as number, shape[1] as number);
    case 'unpermute':
      return permuteRows(values, shape, heads === 'query' ? config.heads : config.kvHeads);
  }
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Routers and positions stay in full precision, as llama.cpp's own tools leave them. */
const plainTensors = /\.ffn_gate_inp\.|^position_embd\./;

function typeOf(name: string, shape: readonly number[], type: GgufExportType): WrittenGgmlType {
  if (shape.length === 1 || plainTensors.test(name)) return 'F32';
  const wanted = ({ f16: 'F16', q8_0: 'Q8_0', q4_0: 'Q4_0' } as const)[type];
  return (shape.at(-1) as number) % ggmlLayouts[wanted].values === 0 ? wanted : 'F16';
}

/** Beside the target and renamed: a reader sees the whole file or none. */
function writeWhole(path: string, chunks: () => Iterable<Uint8Array>): void {
  const temporary = `${path}.partial`;
  const file = openSync(temporary, 'w');
  try {
    for (const chunk of chunks()) {
      for (let done = 0; done < chunk.byteLength;) {
        done += writeSync(file, chunk, done, Math.min(chunk.byteLength - done, 1 << 30));
      }
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
