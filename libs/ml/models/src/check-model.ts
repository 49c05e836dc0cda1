import { underBaseName } from './base-names.js';
import { checkWeights } from './check-weights.js';
import { weightMap } from './config/weight-map.js';
import { refuseNonFinite, refuseNonFiniteParts } from './finite-values.js';
import { openWeights } from './formats/open-weights.js';
import { readModelConfig } from './load-model.js';
import type { ModelSource } from './model.js';
import { refuseOtherHead } from './weights.js';

/**
 * Everything that loading a model would refuse, without a device and with one weight in memory at a time: config, family, the
 * names, shapes and types of all tensors, and numbers that are none.
 */
export function checkModel(source: ModelSource): void {
  const config = readModelConfig(source);
  const opened = openWeights(source);
  try {
    const specs = weightMap(config);
    const files = underBaseName(opened, specs);
    checkWeights(files, specs, config);
    if (config.isHeadTied) refuseOtherHead(files, specs);
    for (const { name } of specs) {
      const { dtype, parts } = files.entry(name);
      if (parts) refuseNonFiniteParts(name, parts.read());
      else refuseNonFinite(name, dtype, files.bytes(name));
    }
  } finally {
    opened.close();
  }
}
