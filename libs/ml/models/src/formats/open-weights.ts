import { quantizationOf, refusal } from '@hone/base';
import type { ModelSource } from '../model.js';
import { ggufNameOf, openBytes, readConfigJson } from '../model-source.js';
import { WeightFiles } from '../safetensors/weight-files.js';
import { eightBitWeights } from './bitsandbytes/eight-bit.js';
import { fourBitWeights } from './bitsandbytes/four-bit.js';
import { GgufFile } from './gguf/gguf-file.js';
import { ggufWeights } from './gguf/gguf-weights.js';
import { awqWeights } from './int4/awq.js';
import { gptqWeights } from './int4/gptq.js';
import { QuantizedTensors } from './quantized-tensors.js';
import { ListedWeights, type StoredWeight, type WeightSource } from './weight-source.js';

/** Opens whatever holds the weights of a model folder: safetensors, plain or quantised as config.json says, or one GGUF file. */
export function openWeights(source: ModelSource): WeightSource {
  const gguf = ggufNameOf(source);
  if (gguf !== undefined) return ggufWeights(new GgufFile(openBytes(source, gguf)));
  const quantization = quantizationOf(readConfigJson(source));
  const files = new WeightFiles(source);
  if (!quantization) return files;
  try {
    const tensors = new QuantizedTensors(files, quantization.method);
    const quantised = quantisedWeights(tensors, quantization);
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

const noneQuantised = (method: string) =>
  refusal(
    'invalid_quantized_weight',
    `[weights] expected weights quantised with ${method}, as config.json says, but there are none; fix: use the config.json that belongs to them`,
    { param: 'quantization_config' },
  );
