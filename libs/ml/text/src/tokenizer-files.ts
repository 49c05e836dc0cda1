import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refusal } from '@hone/base';

/** The text of the files that define a tokenizer and its template, as a Hugging Face folder holds them. */
export interface TokenizerFiles {
  /** `tokenizer.json`. */
  tokenizer: string;
  /** `tokenizer_config.json`: names of special tokens, chat template, model_max_length. */
  config?: string;
  /** `generation_config.json`: every id that ends a text. */
  generation?: string;
  /** `chat_template.jinja`: newer folders keep the template in its own file, and it wins. */
  chatTemplate?: string;
}

const fileNames = {
  tokenizer: 'tokenizer.json',
  config: 'tokenizer_config.json',
  generation: 'generation_config.json',
  chatTemplate: 'chat_template.jinja',
} as const;

/** The names of the files that `readTokenizerFolder` looks for, for those who fetch them from elsewhere. */
export const tokenizerFileNames: readonly string[] = Object.values(fileNames);

export async function readTokenizerFolder(folder: string): Promise<TokenizerFiles> {
  const entries = await Promise.all(
    Object.entries(fileNames).map(async ([key, name]) => [key, await readIfThere(join(folder, name))] as const),
  );
  const found = Object.fromEntries(entries.filter(([, text]) => text !== undefined)) as Partial<TokenizerFiles>;
  if (found.tokenizer === undefined)
    throw refusal(
      'tokenizer_missing',
      `[tokenizer] expected ${fileNames.tokenizer} in ${folder} but found none; fix: export the model with its fast tokenizer`,
    );
  return { ...found, tokenizer: found.tokenizer };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A special token in tokenizer_config.json is either its text or an object with its text. */
export function tokenText(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry;
  if (entry !== null && typeof entry === 'object' && 'content' in entry && typeof entry.content === 'string')
    return entry.content;
  return undefined;
}

export function parseJsonObject(text: string, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refusal(
      'tokenizer_invalid',
      `[tokenizer] expected ${name} to be JSON but ${(cause as Error).message}; fix: download it again`,
      {
        cause,
      },
    );
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw refusal(
      'tokenizer_invalid',
      `[tokenizer] expected ${name} to be a JSON object but received ${text.slice(0, 40)}; fix: download it again`,
    );
  return value as Record<string, unknown>;
}
