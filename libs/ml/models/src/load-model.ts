import { refusal, type Digest } from '@hone/base';
import { deviceOfNewTensors, devices } from '@hone/tensor';
import { CausalModel } from './causal-model.js';
import type { ModelConfig } from './config/model-config.js';
import { parseModelConfig } from './config/parse-model-config.js';
import { ConfigFields } from './config/read-fields.js';
import { fingerprintOf } from './fingerprint.js';
import { baseFormats, headFormats, type LoadModelOptions, type ModelSource } from './model.js';
import { openWeights } from './formats/open-weights.js';
import { hasFile, readConfigJson, readJson } from './model-source.js';
import { loadWeights } from './weights.js';

/** Reads config.json, and the end-of-text ids of generation_config.json where it names more. */
export function readModelConfig(source: ModelSource): ModelConfig {
  const config = parseModelConfig(readConfigJson(source));
  if (!hasFile(source, 'generation_config.json')) return config;
  const generation = new ConfigFields(readJson(source, 'generation_config.json'));
  const eosTokenIds = [...new Set([...config.eosTokenIds, ...generation.ids('eos_token_id')])];
  return { ...config, eosTokenIds, bosTokenId: config.bosTokenId ?? generation.ids('bos_token_id')[0] };
}

/** The null devices only count: nothing is read there but headers, and no adapter of it leaves the process. */
const isCounted = (): boolean => !devices[deviceOfNewTensors()].computes;
const uncounted: Digest = 'sha256:';

/** Loads a model in Hugging Face layout onto the current device. */
export function loadModel(source: ModelSource, options: LoadModelOptions = {}): CausalModel {
  const { format = 'f32', headFormat = 'auto', isTrainable = false, isUnpacked = false } = options;
  if (!baseFormats.includes(format)) {
    const message = `[model] expected ${baseFormats.join(', ')} for format but received ${String(format)}; fix: name one of them`;
    throw refusal('unknown_format', message, { param: 'format' });
  }
  if (isTrainable && format !== 'f32' && format !== 'bf16') {
    const message = `[model] expected format f32 or bf16 for full fine-tuning but received ${format}; fix: train an adapter instead`;
    throw refusal('format_not_trainable', message, { param: 'format' });
  }
  if (!headFormats.includes(headFormat) || (isTrainable && headFormat !== 'auto')) {
    const wanted = isTrainable ? 'auto' : headFormats.join(' or ');
    const message = `[model] expected ${wanted} for headFormat but received ${String(headFormat)}; fix: leave it out`;
    throw refusal('unknown_format', message, { param: 'headFormat' });
  }
  const config = readModelConfig(source);
  const files = openWeights(source);
  try {
    const weights = loadWeights(files, config, { format, headFormat, isTrainable, isUnpacked, isRead: !isCounted() });
    return new CausalModel(config, format, isCounted() ? uncounted : fingerprintOf(source), weights, headFormat);
  } finally {
    files.close();
  }
}
