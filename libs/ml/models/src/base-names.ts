import type { WeightSpec } from './config/weight-map.js';
import { ListedWeights, type StoredWeight, type WeightSource } from './formats/weight-source.js';

/**
 * Files of the bare decoder, such as those of the original GPT-2, leave out the first part of every name ("transformer.",
 * "model."). Here they get it back; the head is outside of the decoder and keeps its name.
 */
export function underBaseName(files: WeightSource, specs: readonly WeightSpec[]): WeightSource {
  const [first] = specs;
  const prefix = /^[^.]+\./.exec(first?.name ?? '')?.[0];
  if (!first || prefix === undefined || files.has(first.name) || !files.has(first.name.slice(prefix.length)))
    return files;
  const renamed = files.names.map((name): [string, StoredWeight] => {
    const { dtype, shape, parts } = files.entry(name);
    const weight = { dtype, shape, bytes: () => files.bytes(name), ...(parts && { parts }) };
    return [name.startsWith('lm_head.') ? name : prefix + name, weight];
  });
  return new ListedWeights(new Map(renamed), () => files.close());
}
