import {
  isDecisive,
  modelFingerprint,
  quantizationOf,
  refusal,
  type GgufHeader,
  type SafetensorsHeader,
} from '@hone/base';
import type { BaseManifest } from '@hone/contracts';
import type { GgufCompanions } from './gguf-folder.js';
import { parametersOf } from './parameters.js';

/** A file of an imported folder after it was stored. */
export type FolderFile = BaseManifest['files'][number];

/** What an import has learnt of the folder on the way to the store. */
export interface Folder {
  files: FolderFile[];
  config: unknown;
  /** What `model.safetensors.index.json` says; undefined when the folder has none. */
  index: unknown;
  headers: ReadonlyMap<string, SafetensorsHeader>;
  /** A model in GGUF has its weights, and what is said about them, in one file. */
  gguf: { header: GgufHeader; companions: () => GgufCompanions } | undefined;
}

/** Names the shard of each tensor; a folder with more than one file of weights cannot be read without it. */
export const weightIndex = 'model.safetensors.index.json';

/** Files beside the decisive ones that a folder may bring; weights in formats that can run code are refused by name. */
const harmless = [
  /^(generation_config|preprocessor_config)\.json$/,
  /^model\.safetensors\.index\.json$/,
  /^(README|LICENSE|NOTICE)(\.md|\.txt)?$/i,
];

/** A path inside a model folder: these folders are flat, so anything with a step in it is refused too. */
export function acceptedPath(path: string): string {
  const name = path.replace(/^\.\//, '');
  const isFlat = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/.test(name);
  if (isFlat && (isDecisive(name) || harmless.some((pattern) => pattern.test(name)))) return name;
  const shown = JSON.stringify(path.slice(0, 80));
  const message = `A model folder may not bring ${shown}; fix: send config.json, *.safetensors or one *.gguf, the tokenizer's files and the chat template.`;
  throw refusal('file_refused', message, { param: 'file' });
}

/** The manifest of a complete folder, or a refusal that names what is missing. */
export function baseManifestOf(folder: Folder): BaseManifest {
  const { files, config } = folder;
  const architecture = architectureOf(config);
  const parameters = parametersOfFolder(folder);
  if (!files.some((file) => /^tokenizer\.(json|model)$/.test(file.path))) throw missing('tokenizer.json');
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    kind: 'base',
    files: sorted,
    architecture,
    parameters,
    contextLength: contextLengthOf(config),
    fingerprint: modelFingerprint(sorted),
  };
}

/**
 * The files that hold the model: one, or the shards of an index. What serving could not open is refused here, by name; other
 * safetensors of the folder (some publishers add a second layout) are not part of the model.
 */
function weightsOf({ headers, index }: Folder): SafetensorsHeader[] {
  if (headers.size === 0) throw missing('*.safetensors', 'and no *.gguf');
  if (index === undefined) {
    const whole = headers.get('model.safetensors');
    if (whole) return [whole];
    throw missing('model.safetensors', `and no ${weightIndex} that names its shards`);
  }
  const map = field(index, 'weight_map');
  if (map === null || typeof map !== 'object' || Object.keys(map).length === 0) throw badIndex('it has no weight_map');
  const shards = new Set<SafetensorsHeader>();
  for (const [tensor, shard] of Object.entries(map as Record<string, unknown>)) {
    if (typeof shard !== 'string') throw badIndex(`it names no file for ${tensor}`);
    const header = headers.get(shard);
    if (!header) throw missing(shard.slice(0, 200), `which ${weightIndex} names`);
    if (!header.tensors.has(tensor)) throw badIndex(`${shard} does not hold ${tensor}`);
    shards.add(header);
  }
  return [...shards];
}

function parametersOfFolder(folder: Folder): number {
  const { gguf, headers, config } = folder;
  if (gguf && headers.size > 0) {
    const message = 'The folder brings safetensors and a GGUF file; fix: send the weights in one format.';
    throw refusal('invalid_value', message, { param: 'file' });
  }
  if (gguf) return parametersOf([gguf.header], undefined);
  const quantization = quantizationOf(config as Record<string, unknown>);
  return parametersOf(weightsOf(folder), quantization);
}

const field = (config: unknown, name: string): unknown =>
  config !== null && typeof config === 'object' ? (config as Record<string, unknown>)[name] : undefined;

function architectureOf(config: unknown): string {
  if (config === undefined) throw missing('config.json');
  const names = field(config, 'architectures');
  const [first] = Array.isArray(names) ? (names as unknown[]) : [];
  if (typeof first === 'string' && first !== '') return first;
  const message = 'config.json names no architecture; fix: add "architectures": ["LlamaForCausalLM"] or what it is.';
  throw refusal('invalid_config', message, { param: 'config.json' });
}

function contextLengthOf(config: unknown): number {
  const length = field(config, 'max_position_embeddings') ?? 2048;
  if (Number.isSafeInteger(length) && (length as number) > 0) return length as number;
  const message = 'config.json has no usable max_position_embeddings; fix: write the context length as a whole number.';
  throw refusal('invalid_config', message, { param: 'config.json' });
}

const badIndex = (problem: string) =>
  refusal('invalid_weight_index', `${weightIndex} cannot be right: ${problem}; fix: save the model again.`, {
    param: weightIndex,
  });

const missing = (path: string, why?: string) => {
  const named = why === undefined ? path : `${path}, ${why}`;
  return refusal('model_file_missing', `The model folder has no ${named}; fix: send the whole folder.`, {
    param: path,
  });
};
