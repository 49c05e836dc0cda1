import { refusal } from '@hone/base';
import type { ModelConfig } from './config/model-config.js';
import type { WeightSpec } from './config/weight-map.js';
import type { WeightSource } from './formats/weight-source.js';

/** Buffers that old checkpoints carry and nobody reads: rotary tables, causal masks. */
const buffers = /\.rotary_emb\.inv_freq$|\.attn\.(masked_)?bias$/;

const isIgnored = (name: string, config: ModelConfig): boolean =>
  buffers.test(name) || (config.isHeadTied && name === 'lm_head.weight');

/** Float types in which a weight may be handed on. */
const floats: readonly string[] = ['F64', 'F32', 'BF16', 'F16'];

/**
 * Compares what the config asks for with what the files hold, tensor by tensor, before memory is taken or a value is read: number
 * of layers, names, shapes and element types.
 */
export function checkWeights(files: WeightSource, specs: readonly WeightSpec[], config: ModelConfig): void {
  refuseOtherLayers(files, specs, config);
  for (const spec of specs) {
    const { dtype, shape } = files.entry(spec.name);
    if (shape.join() !== spec.shape.join()) throw wrongShape(spec, shape);
    if (!floats.includes(dtype)) throw noFloats(spec.name, dtype);
  }
  refuseUnknown(files, specs, config);
}

/** The commonest slip in a config that was edited by hand, named by what it is instead of by the first tensor that is missing. */
function refuseOtherLayers(files: WeightSource, specs: readonly WeightSpec[], { layers }: ModelConfig): void {
  const stem = specs.map(({ name }) => /^([^\d]+)\.0\./.exec(name)?.[1]).find((found) => found !== undefined);
  if (stem === undefined) return;
  let held = 0;
  for (const name of files.names) {
    if (!name.startsWith(`${stem}.`)) continue;
    const layer = Number.parseInt(name.slice(stem.length + 1), 10);
    if (layer >= held) held = layer + 1;
  }
  if (held === layers || held === 0) return;
  const message = `[config] expected num_hidden_layers ${held}, as many layers as the files hold, but received ${layers}; fix: use the config.json that belongs to them`;
  throw refusal('invalid_config', message, { param: 'num_hidden_layers' });
}

function refuseUnknown(files: WeightSource, specs: readonly WeightSpec[], config: ModelConfig): void {
  const known = new Set(specs.map(({ name }) => name));
  const unknown = files.names.filter((name) => !known.has(name) && !isIgnored(name, config));
  if (unknown.length === 0) return;
  const shown = unknown.slice(0, 3).join(', ');
  const message = `[weights] ${unknown.length} tensors have no place in ${config.architecture}: ${shown}; fix: use the config.json that belongs to them`;
  throw refusal('unknown_weight', message, { details: { unknown: unknown.slice(0, 20) } });
}

export const noFloats = (name: string, dtype: string): Error =>
  refusal(
    'unsupported_dtype',
    `[weights] expected floats for ${name} but received ${dtype}; fix: load the unquantised model`,
    { param: name },
  );

const wrongShape = ({ name, shape }: WeightSpec, received: readonly number[]): Error =>
  refusal(
    'wrong_weight_shape',
    `[weights] expected [${shape.join(',')}] for ${name} but received [${received.join(',')}]; fix: use the matching config.json`,
    { param: name },
  );
