import { quantizationOf, refusal } from '@hone/base';
import type { ModelSource } from '../model.js';
import { ggufNameOf, openBytes, readConfigJson } from '../model-source.js';
import { familyOfModelType } from '../families/index.js';
import { WeightFiles } from '../safetensors/weight-files.js';
import { transpose } from '../transpose.js';
import { eightBitWeights } from './bitsandbytes/eight-bit.js';
import { fourBitWeights } from './bitsandbytes/four-bit.js';
import { GgufFile } from './gguf/gguf-file.js';
import { ggufWeights } from './gguf/gguf-weights.js';
import { awqWeights } from './int4/awq.js';
import { gptqWeights } from './int4/gptq.js';
import { QuantizedTensors } from './quantized-tensors.js';
import { bytesOfFloats, ListedWeights, type StoredWeight, type WeightSource } from './weight-source.js';

/** Opens whatever holds the weights of a model folder: safetensors, plain or quantised as config.json says, or one GGUF file. */
export function openWeights(source: ModelSource): WeightSource {
  const gguf = ggufNameOf(source);
  if (gguf !== undefined) return ggufWeights(new GgufFile(openBytes(source, gguf)));
  const config = readConfigJson(source);
  const quantization = quantizationOf(config);
  const files = new WeightFiles(source);
  if (!quantization) return files;
  try {
    const tensors = new QuantizedTensors(files, quantization.method);
    const linears = quantisedWeights(tensors, quantization);
    const isTurned = familyOfModelType(String(config['model_type']))?.hasTransposedWeights ?? false;
    const quantised = isTurned ? new Map([...linears].map(([name, weight]) => [name, turnedBack(weight)])) : linears;
    if (quantised.size === 0) throw noneQuantised(quantization.method);
    const plain = tensors.left.map((name): [string, StoredWeight] => {
      const { dtype, shape } = files.entry(name);
      return [name, { dtype, shape, bytes: () => files.bytes(name) }];
    });
    return new ListedWeights(new Map([...quantised, ...plain]), () => files.close());
  } catch (error) {
    files.close();
    throw error;
  }
}

function quantisedWeights(
  tensors: QuantizedTensors,
  quantization: NonNullable<ReturnType<typeof quantizationOf>>,
): Map<string, StoredWeight> {
  if (quantization.method === 'gptq') return gptqWeights(tensors, quantization);
  if (quantization.method === 'awq') return awqWeights(tensors, quantization);
  return quantization.bits === 4 ? fourBitWeights(tensors) : eightBitWeights(tensors);
}

/** Quantizers hold every layer as [out, in], also where the plain files of its family hold [in, out]. */
function turnedBack({ shape, bytes }: StoredWeight): StoredWeight {
  const [rows, columns] = shape as readonly [number, number];
  const floats = () => {
    const own = bytes();
    return new Float32Array(own.buffer, own.byteOffset, own.byteLength / 4);
  };
  return { dtype: 'F32', shape: [columns, rows], bytes: () => bytesOfFloats(transpose(floats(), rows, columns)) };
}

const noneQuantised = (method: string) =>
  refusal(
    'invalid_quantized_weight',
    `[weights] expected weights quantised with ${method}, as config.json says, but there are none; fix: use the config.json that belongs to them`,
    { param: 'quantization_config' },
  );
