import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { configOfGguf, refusal } from '@hone/base';
import { GgufFile } from './formats/gguf/gguf-file.js';
import type { ModelSource } from './model.js';
import { fileSource, memorySource, type ByteSource } from './safetensors/byte-source.js';

export const nameOfSource = (source: ModelSource): string => (typeof source === 'string' ? source : 'the given files');

export const hasFile = (source: ModelSource, file: string): boolean =>
  typeof source === 'string' ? existsSync(join(source, file)) : source.has(file);

export function readFile(source: ModelSource, file: string): Uint8Array {
  if (typeof source === 'string' && existsSync(join(source, file))) return readFileSync(join(source, file));
  const bytes = typeof source === 'string' ? undefined : source.get(file);
  if (bytes) return bytes;
  const message = `[model] expected ${file} in ${nameOfSource(source)}; fix: give the whole folder`;
  throw refusal('model_file_missing', message, { param: file });
}

export function readJson(source: ModelSource, file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(readFile(source, file)));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw refusal('invalid_json', `[model] ${file} of ${nameOfSource(source)} is not a JSON object; fix: re-save it`, {
    param: file,
  });
}

export function openBytes(source: ModelSource, file: string): ByteSource {
  if (typeof source === 'string' && existsSync(join(source, file))) return fileSource(join(source, file));
  return memorySource(file, readFile(source, file));
}

/** The GGUF file of a folder that has no safetensors: a model is in one format or the other. */
export function ggufNameOf(source: ModelSource): string | undefined {
  const names = typeof source === 'string' ? (existsSync(source) ? readdirSync(source) : []) : [...source.keys()];
  if (names.some((name) => name.endsWith('.safetensors'))) return undefined;
  const found = names.filter((name) => name.endsWith('.gguf'));
  if (found.length <= 1) return found[0];
  const message = `[model] expected one GGUF file in ${nameOfSource(source)} but found ${found.sort().join(', ')}; fix: keep the one that is wanted`;
  throw refusal('several_models', message, { param: 'gguf' });
}

/** config.json, or what the metadata of a GGUF file says where there is none. */
export function readConfigJson(source: ModelSource): Record<string, unknown> {
  const gguf = hasFile(source, 'config.json') ? undefined : ggufNameOf(source);
  if (gguf === undefined) return readJson(source, 'config.json');
  const file = new GgufFile(openBytes(source, gguf));
  try {
    return configOfGguf(file.name, file.header, (tensor) => file.floats(tensor));
  } finally {
    file.close();
  }
}
