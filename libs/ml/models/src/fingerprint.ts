import { digestOf, digestOfBytes, type Digest } from '@hone/base';
import type { ModelSource } from './model.js';
import { hasFile, readFile, readJson } from './model-source.js';

/** What an adapter was made for, by content: names and folders may change, these may not. */
export interface Fingerprint {
  readonly weights: Digest;
  readonly tokenizer: Digest | null;
  readonly template: Digest | null;
  /** All of it in one. */
  readonly digest: Digest;
}

const tokenizerFiles = ['tokenizer.json', 'tokenizer.model', 'vocab.json'];

export function fingerprintOf(source: ModelSource, weights: Digest): Fingerprint {
  const file = tokenizerFiles.find((name) => hasFile(source, name));
  const tokenizer = file === undefined ? null : digestOfBytes(readFile(source, file));
  const text = chatTemplate(source);
  const template = text === undefined ? null : digestOfBytes(text);
  return { weights, tokenizer, template, digest: digestOf({ weights, tokenizer, template }) };
}

/** The template of its own file, or that inside tokenizer_config.json. */
function chatTemplate(source: ModelSource): string | undefined {
  if (hasFile(source, 'chat_template.jinja')) return new TextDecoder().decode(readFile(source, 'chat_template.jinja'));
  if (!hasFile(source, 'tokenizer_config.json')) return undefined;
  const template = readJson(source, 'tokenizer_config.json')['chat_template'];
  return template === undefined || template === null ? undefined : JSON.stringify(template);
}
