import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '@hone/base';
import { parseModelConfig } from './config/parse-model-config.js';
import { ConfigFields } from './config/read-fields.js';
import { weightMap, type WeightSpec } from './config/weight-map.js';
import { writeSafetensors, type TensorToWrite } from './safetensors/writer.js';

/**
 * Writes an untrained model: matrices normal with the config's initializer_range (0.02), norms neutral, biases zero, as
 * transformers starts. Each tensor draws from (seed, its name).
 */
export function writeInitialModel(config: Record<string, unknown>, folder: string, seed: number): void {
  const spread = new ConfigFields(config).number('initializer_range', 0.02);
  const tensors = new Map<string, TensorToWrite>();
  for (const spec of weightMap(parseModelConfig(config))) {
    tensors.set(spec.name, { dtype: 'F32', shape: spec.shape, data: () => initialValues(spec, spread, seed) });
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 2) + '\n');
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
}

function initialValues({ name, shape, role, isOffset }: WeightSpec, spread: number, seed: number): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (role === 'norm') return new Float32Array(count).fill(isOffset ? 0 : 1);
  if (role === 'bias') return new Float32Array(count);
  const random = seeded(seed, 'weight', name);
  // Box-Muller: two uniform numbers give one normal one (the second is left, for one draw per element).
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return spread * radius * Math.cos(2 * Math.PI * random());
  });
}
