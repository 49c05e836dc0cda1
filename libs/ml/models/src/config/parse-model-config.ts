import { quantizationOf, refusal, suggest } from '@hone/base';
import type { ModelFamily } from '../families/family.js';
import { families } from '../families/index.js';
import type { ModelConfig } from './model-config.js';
import { ConfigFields } from './read-fields.js';
import { refuseUnsoundNumbers } from './sound-numbers.js';

/** Refuses by name whatever would make the forward pass differ from the one that the file describes. */
export function parseModelConfig(json: Record<string, unknown>): ModelConfig {
  const config = new ConfigFields(json);
  const named = config.raw('architectures');
  const name: unknown = Array.isArray(named) ? named[0] : undefined;
  const family = families.find(({ architecture }) => architecture === name);
  if (!family) throw unknownArchitecture(name);
  const modelType = config.raw('model_type');
  if (modelType !== undefined && modelType !== family.modelType) {
    throw config.unsupported('model_type', `${family.architecture} has model_type "${family.modelType}"`);
  }
  refuseUnsupported(config, family);
  quantizationOf(json);
  const read = family.read(config);
  refuseUnsoundNumbers(read.decoder);
  return { architecture: family.architecture, modelType: family.modelType, ...read };
}

function unknownArchitecture(name: unknown): Error {
  const known = families.map(({ architecture }) => architecture);
  const near = typeof name === 'string' ? suggest(name, known) : undefined;
  const message =
    `[config] architecture ${JSON.stringify(name ?? null)} is not supported; fix: use a model of ${known.join(', ')}` +
    (near ? ` (did you mean ${near}?)` : '');
  return refusal('unsupported_architecture', message, { param: 'architectures' });
}

function refuseUnsupported(config: ConfigFields, { adoptedCode }: ModelFamily): void {
  config.only('partial_rotary_factor', 1, 'rotary embedding covers whole heads');
  const code = config.record('auto_map');
  if (code && (adoptedCode === undefined || code.raw('AutoModelForCausalLM') !== adoptedCode)) {
    throw config.unsupported('auto_map', 'it asks to run code that comes with the model; Hone never runs foreign code');
  }
}
