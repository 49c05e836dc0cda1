import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import {
  bug,
  ggufHead,
  ggufOfWeight,
  ggufPaddingAfter,
  ggufTensorBytes,
  ggmlLayouts,
  type GgufField,
} from '@hone/base';
import type { ModelConfig } from '../../config/model-config.js';
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
  const { architecture, fields, ropeFactors } = ggufModelFields(config, name, type);
  const tensors = weights.names.map((weight): Written => {
    const { shape } = weights.entry(weight);
    const home = ggufOfWeight(architecture, weight);
    if (!home) throw bug('gguf', `[gguf] expected a place for ${weight} in ${architecture} but there is none`);
    const heads = home.heads === 'query' ? config.heads : config.kvHeads;
    const values = (): Float32Array =>
      home.heads ? permuteRows(weights.floats(weight), shape, heads) : weights.floats(weight);
    return { name: home.name, type: typeOf(shape, type), shape, values };
  });
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

function typeOf(shape: readonly number[], type: GgufExportType): WrittenGgmlType {
  if (shape.length === 1) return 'F32';
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
