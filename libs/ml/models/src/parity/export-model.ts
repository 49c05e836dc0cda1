import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, refusal, type Digest, type GgufField } from '@hone/base';
import { loadAdapter } from '../adapters/load-adapter.js';
import { saveAdapter } from '../adapters/save-adapter.js';
import type { CausalModel } from '../causal-model.js';
import { underBaseName } from '../base-names.js';
import { weightMap } from '../config/weight-map.js';
import { digestOfFile } from '../fingerprint.js';
import type { GgufExportType } from '../formats/gguf/model-fields.js';
import { writeGguf } from '../formats/gguf/write-gguf.js';
import { openWeights } from '../formats/open-weights.js';
import { loadModel, readModelConfig } from '../load-model.js';
import { mergeAdapter, mergedWeights } from '../merge.js';
import type { ExportTarget } from './bounds.js';
import { parityCertificate, requireParity, type ParityCertificate } from './certificate.js';
import { parityProbe, probeLogProbs, type ParityProbe } from './probe.js';

export interface ExportOptions {
  /** Folder of the base, or of a fully fine-tuned model. */
  readonly base: string;
  /** PEFT folder of the adapter; absent = the base alone. */
  readonly adapter?: string;
  readonly target: 'peft' | 'safetensors' | `gguf-${GgufExportType}`;
  /** Must not be there yet; it appears when the export is whole and its certificate holds. */
  readonly output: string;
  /** Name of the base in adapter_config.json, and of the model in a GGUF file. */
  readonly name: string;
  /** `tokenizer.ggml.*` for a GGUF file of so many ids. */
  readonly ggufTokenizer?: (vocabSize: number) => ReadonlyMap<string, GgufField>;
  readonly probeSeed?: number;
  /** Texts of the model's own kind as token ids, compared beside the drawn ones. */
  readonly probeTexts?: readonly (readonly number[])[];
}

export const ggufFileName = 'model.gguf';

/**
 * Writes a trained model in another format, reads the files back as a stranger would, and compares its log-probabilities with
 * those of the trained model. Over the bound of the format nothing is left behind.
 */
export function exportModel(options: ExportOptions): ParityCertificate {
  const { output, base } = options;
  if (existsSync(output)) {
    const message = `[export] expected a new folder but ${output} is there; fix: name another one`;
    throw refusal('output_exists', message, { param: 'output' });
  }
  const config = readModelConfig(base);
  const probe = parityProbe(config, options.probeSeed ?? 1, options.probeTexts);
  // A name that nobody else can have taken, on the same disk, so that the end is one rename.
  const draft = `${output}.partial-${randomUUID().slice(0, 8)}`;
  mkdirSync(draft);
  try {
    // One model at a time is in memory: the trained one is gone before the exported one is loaded.
    const trained = writeAndProbe(options, draft, probe);
    const target = targetOf(options, draft);
    const exported = { digest: digestOfFolder(draft), logProbs: probeExport(options, draft, probe) };
    const certificate = requireParity(parityCertificate(target, probe, trained, exported));
    renameSync(draft, output);
    return certificate;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

function writeAndProbe(
  options: ExportOptions,
  draft: string,
  probe: ParityProbe,
): { digest: Digest; logProbs: Float32Array } {
  const { base, adapter: folder, target, name } = options;
  const model = loadModel(base);
  const adapter = folder === undefined ? undefined : loadAdapter(folder, model);
  try {
    const logProbs = probeLogProbs(model, probe, adapter);
    const own = folder === undefined ? null : digestOfFolder(folder);
    const digest = digestOf({ kind: 'trained-model', base: model.fingerprint, adapter: own });
    if (target === 'peft') {
      if (!adapter)
        throw refusal(
          'no_adapter',
          '[export] expected an adapter for peft but the model is a whole one; fix: export safetensors',
          { param: 'format' },
        );
      saveAdapter(adapter, draft, { baseName: name });
    } else if (target === 'safetensors') mergeAdapter(base, adapter, draft);
    else writeMergedGguf(options, join(draft, ggufFileName), adapter);
    return { digest, logProbs };
  } finally {
    adapter?.free();
    model.free();
  }
}

function writeMergedGguf(
  { base, target, name, ggufTokenizer }: ExportOptions,
  path: string,
  adapter: ReturnType<typeof loadAdapter> | undefined,
): void {
  const config = readModelConfig(base);
  const specs = weightMap(config);
  const weights = mergedWeights(underBaseName(openWeights(base), specs), specs, adapter);
  try {
    const type = target.slice('gguf-'.length) as GgufExportType;
    writeGguf(path, { config, weights, name, type, tokenizer: ggufTokenizer?.(config.vocabSize) ?? new Map() });
  } finally {
    weights.close();
  }
}

function targetOf({ target }: ExportOptions, draft: string): ExportTarget {
  if (target !== 'safetensors') return target;
  const weights = openWeights(draft);
  const dtypes = new Set(weights.names.map((name) => weights.entry(name).dtype));
  weights.close();
  // The narrowest type that is there rounds most.
  if (dtypes.has('BF16')) return 'safetensors-bf16';
  return dtypes.has('F16') ? 'safetensors-f16' : 'safetensors-f32';
}

function probeExport({ base, target }: ExportOptions, draft: string, probe: ParityProbe): Float32Array {
  const model: CausalModel = loadModel(target === 'peft' ? base : draft);
  const adapter = target === 'peft' ? loadAdapter(draft, model) : undefined;
  try {
    return probeLogProbs(model, probe, adapter);
  } finally {
    adapter?.free();
    model.free();
  }
}

/** Every file by name and content. */
function digestOfFolder(folder: string): Digest {
  const files = readdirSync(folder).sort();
  return digestOf({ kind: 'folder', files: files.map((path) => ({ path, digest: digestOfFile(join(folder, path)) })) });
}
