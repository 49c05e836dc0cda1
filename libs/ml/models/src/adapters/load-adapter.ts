import { refusal } from '@hone/base';
import { LoraAdapter } from '@hone/nn';
import type { CausalModel } from '../causal-model.js';
import { refuseNonFinite } from '../finite-values.js';
import type { ModelSource } from '../model.js';
import { nameOfSource, openBytes, readJson } from '../model-source.js';
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

/**
 * Loads a PEFT folder onto a base. An adapter of another base, a key that fits nothing, a missing key and a wrong shape are
 * all refused: an adapter that is only half applied answers like the base, and nobody notices.
 */
export function loadAdapter(source: ModelSource, model: AdapterBase): LoraAdapter {
  const config = parseAdapterConfig(readJson(source, 'adapter_config.json'), model.config.modelType);
  const file = new SafetensorsFile(openBytes(source, 'adapter_model.safetensors'));
  let adapter: LoraAdapter | undefined;
  try {
    const base = file.metadata[baseFingerprintKey];
    if (base !== undefined && base !== model.fingerprint) throw wrongBase(source, base, model);
    adapter = LoraAdapter.zero(config, model.modules, base);
    fill(adapter, file);
    return adapter;
  } catch (error) {
    adapter?.free();
    throw error;
  } finally {
    file.close();
  }
}

function fill(adapter: LoraAdapter, file: SafetensorsFile): void {
  const { parameters } = adapter.arena;
  const seen = new Set<string>();
  for (const [key, { shape, dtype }] of file.tensors) {
    const name = parameterName(key);
    const parameter = parameters.get(name);
    if (!parameter) {
      throw refuse(
        'unmatched_adapter_key',
        key,
        'no module that target_modules names',
        'use the base that it was made for',
      );
    }
    if (shape.join() !== parameter.shape.join()) {
      const problem = `[${shape.join(',')}] where the base needs [${parameter.shape.join(',')}]`;
      throw refuse('wrong_adapter_shape', key, problem, 'use the base that it was made for');
    }
    if (seen.has(name)) throw refuse('adapter_key_twice', key, 'a second tensor for one module', 're-save the adapter');
    seen.add(name);
    refuseNonFinite(key, dtype, file.bytes(key));
    parameter.write(file.floats(key));
  }
  const missing = [...parameters.keys()].find((name) => !seen.has(name));
  if (missing !== undefined) {
    throw refuse(
      'missing_adapter_key',
      prefix + missing,
      'no tensor although target_modules names it',
      're-save the adapter',
    );
  }
}

const refuse = (code: string, key: string, problem: string, fix: string) =>
  refusal(code, `[adapter] ${key} has ${problem}; fix: ${fix}`, { param: key });

const wrongBase = (source: ModelSource, base: string, model: AdapterBase) =>
  refusal(
    'wrong_base',
    `[adapter] ${nameOfSource(source)} was made for base ${base} but received ${model.fingerprint}; fix: serve it on its own base`,
    { details: { expected: base, received: model.fingerprint } },
  );
