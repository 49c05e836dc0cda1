import { underBaseName } from '../base-names.js';
import { weightMap } from '../config/weight-map.js';
import { readModelConfig } from '../load-model.js';
import type { BaseFormat, ModelSource } from '../model.js';
import { openWeights } from './open-weights.js';

/**
 * The packed format that a base is stored in, so that loading it as that keeps its codes: int4 for GPTQ and AWQ, int8 and nf4 for
 * bitsandbytes. Undefined where the linear weights are plain, of more than one format, or stored in a way that must be restored.
 * Only the headers of the files are read.
 */
export function storedFormat(source: ModelSource): BaseFormat | undefined {
  const specs = weightMap(readModelConfig(source));
  const files = underBaseName(openWeights(source), specs);
  try {
    const linears = specs.filter(({ role }) => role === 'linear');
    const stored = linears.map(({ name, isTransposed }) =>
      isTransposed ? undefined : files.entry(name).parts?.format,
    );
    const formats = new Set(stored);
    // Nothing is rounded to int4 here, so a single other weight rules it out; nf4 and int8 take plain ones too.
    if (!formats.has('int4')) formats.delete(undefined);
    const [format, ...others] = formats;
    return others.length === 0 ? format : undefined;
  } finally {
    files.close();
  }
}
