import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '@hone/base';
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
