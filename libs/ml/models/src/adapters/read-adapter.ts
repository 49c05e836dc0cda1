import { refusal } from '@hone/base';
import {
  type LoraConfig,
  rankAndScale,
  type StoredAdapter,
  type StoredMatrix,
  type StoredModule,
  targetPaths,
} from '@hone/nn';
import { activationDType } from '@hone/tensor';
import type { CausalModel } from '../causal-model.js';
import { refuseNonFinite, refuseOverflow } from '../finite-values.js';
import type { ModelSource } from '../model.js';
import { nameOfSource, openBytes, readJson } from '../model-source.js';
import { floatsFromBytes, halvesFromBytes } from '../safetensors/floats.js';
import { SafetensorsFile } from '../safetensors/reader.js';
import { parseAdapterConfig } from './adapter-config.js';

/** Where an adapter keeps the fingerprint of its base: in the metadata of its weights, which every PEFT tool carries along. */
export const baseFingerprintKey = 'hone.base';

/** What a load looks at of the model: the modules, and who it is. */
export type AdapterBase = Pick<CausalModel, 'modules' | 'config' | 'fingerprint'>;

const prefix = 'base_model.model.';

/** base_model.model.<path>.lora_A[.<adapter>].weight -> <path>.lora_A.weight */
const parameterName = (key: string): string =>
  (key.startsWith(prefix) ? key.slice(prefix.length) : key).replace(/\.(lora_[AB])\.(?:[^.]+\.)?weight$/, '.$1.weight');

const names = (path: string) => ({ a: `${path}.lora_A.weight`, b: `${path}.lora_B.weight` });

/**
 * Reads a PEFT folder for a base, in the bytes of its file. An adapter of another base, a key that fits nothing, a missing key and a
 * wrong shape are all refused: an adapter that is only half applied answers like the base, and nobody notices.
 */
export function readAdapter(source: ModelSource, model: AdapterBase): StoredAdapter {
  const config = parseAdapterConfig(readJson(source, 'adapter_config.json'), model.config.modelType);
  const file = new SafetensorsFile(openBytes(source, 'adapter_model.safetensors'));
  try {
    const base = file.metadata[baseFingerprintKey];
    if (base !== undefined && base !== model.fingerprint) throw wrongBase(source, base, model);
    return { config, baseFingerprint: base, modules: modulesOf(file, config, model) };
  } finally {
    file.close();
  }
}

function modulesOf(file: SafetensorsFile, config: LoraConfig, { modules }: AdapterBase): Map<string, StoredModule> {
  const featuresOf = new Map(modules.map((module) => [module.path, module]));
  const paths = targetPaths(config, [...featuresOf.keys()]);
  const shapes = new Map<string, readonly [number, number]>();
  for (const path of paths) {
    const { inFeatures = 0, outFeatures = 0 } = featuresOf.get(path) ?? {};
    const { r } = rankAndScale(config, path);
    const { a, b } = names(path);
    shapes.set(a, [r, inFeatures]).set(b, [outFeatures, r]);
  }
  const matrices = matricesOf(file, shapes);
  const stored = new Map<string, StoredModule>();
  for (const path of paths) {
    const { a, b } = names(path);
    const { scale } = rankAndScale(config, path);
    stored.set(path, { a: matrices.get(a) as StoredMatrix, b: matrices.get(b) as StoredMatrix, scale });
  }
  return stored;
}

function matricesOf(
  file: SafetensorsFile,
  shapes: ReadonlyMap<string, readonly [number, number]>,
): Map<string, StoredMatrix> {
  const matrices = new Map<string, StoredMatrix>();
  for (const [key, { shape, dtype }] of file.tensors) {
    const name = parameterName(key);
    const wanted = shapes.get(name);
    if (!wanted) {
      throw refuse(
        'unmatched_adapter_key',
        key,
        'no module that target_modules names',
        'use the base that it was made for',
      );
    }
    if (shape.join() !== wanted.join()) {
      const problem = `[${shape.join(',')}] where the base needs [${wanted.join(',')}]`;
      throw refuse('wrong_adapter_shape', key, problem, 'use the base that it was made for');
    }
    if (matrices.has(name))
      throw refuse('adapter_key_twice', key, 'a second tensor for one module', 're-save the adapter');
    matrices.set(name, matrixOf(file, key, dtype, wanted));
  }
  const missing = [...shapes.keys()].find((name) => !matrices.has(name));
  if (missing === undefined) return matrices;
  throw refuse(
    'missing_adapter_key',
    prefix + missing,
    'no tensor although target_modules names it',
    're-save the adapter',
  );
}

/** The bytes as they are; doubles alone become f32 here. Refused is what is no float, or none that the device's activations can hold. */
function matrixOf(file: SafetensorsFile, key: string, dtype: string, shape: readonly [number, number]): StoredMatrix {
  const bytes = file.bytes(key);
  refuseNonFinite(key, dtype, bytes);
  if (dtype === 'BF16' || dtype === 'F16') {
    return { shape, dtype: dtype === 'BF16' ? 'bf16' : 'f16', values: () => halvesFromBytes(bytes) };
  }
  const floats = dtype === 'F32' ? (floatsFromBytes('F32', bytes) as Float32Array) : file.floats(key);
  refuseOverflow(key, floats, activationDType());
  return { shape, dtype: 'f32', values: () => floats };
}

const refuse = (code: string, key: string, problem: string, fix: string) =>
  refusal(code, `[adapter] ${key} has ${problem}; fix: ${fix}`, { param: key });

const wrongBase = (source: ModelSource, base: string, model: AdapterBase) =>
  refusal(
    'wrong_base',
    `[adapter] ${nameOfSource(source)} was made for base ${base} but received ${model.fingerprint}; fix: serve it on its own base`,
    { details: { expected: base, received: model.fingerprint } },
  );
