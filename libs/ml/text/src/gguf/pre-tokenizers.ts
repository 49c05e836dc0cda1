import { refuseGguf } from '@hone/base';
import { tiktokenEncodings } from '../import-vocabulary.js';

/** How a byte-level vocabulary cuts text before merging, and what else goes with that vocabulary in its tokenizer.json. */
export interface PreTokenizer {
  /** Cuts in this order; each works on the pieces of the one before. */
  readonly patterns: readonly string[];
  /** A piece that is a token as a whole is that token, whatever the merges say. */
  readonly ignoresMerges?: boolean;
  /** Text is brought into Unicode's composed form first. */
  readonly isComposed?: boolean;
}

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
/** GPT-2's own cuts, which `ByteLevel` makes by itself. */
export const gpt2Pattern = tiktokenEncodings['r50k_base']?.pattern as string;
const withDigits = (digits: string): string =>
  `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const upper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const lower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const o200k =
  `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${contractions}?|[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${contractions}?|` +
  '\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const plain: PreTokenizer = { patterns: [gpt2Pattern] };
const llama3: PreTokenizer = { patterns: [withDigits('\\p{N}{1,3}')], ignoresMerges: true };
const qwen2: PreTokenizer = { patterns: [withDigits('\\p{N}')], isComposed: true };
/** Each digit by itself, then as GPT-2. */
const digitwise: PreTokenizer = { patterns: ['\\p{N}', gpt2Pattern] };

/** llama.cpp's names (llama-vocab.cpp) of the pre-tokenizers that are built. */
const known: Readonly<Record<string, PreTokenizer>> = {
  'gpt-2': plain,
  'phi-2': plain,
  olmo: plain,
  mpt: plain,
  'llama-bpe': llama3,
  'llama-v3': llama3,
  llama3,
  dbrx: llama3,
  'smaug-bpe': llama3,
  falcon3: llama3,
  qwen2,
  'deepseek-r1-qwen': qwen2,
  megrez: qwen2,
  stablelm2: { patterns: qwen2.patterns },
  smollm: digitwise,
  starcoder: digitwise,
  refact: digitwise,
  'command-r': digitwise,
  codeshell: digitwise,
  exaone: digitwise,
  'gpt-4o': { patterns: [o200k], ignoresMerges: true },
  llama4: { patterns: [o200k], ignoresMerges: true },
};

export function preTokenizerOf(file: string, name: string): PreTokenizer {
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (found) return found;
  const names = Object.keys(known).join(', ');
  const problem = `tokenizer.ggml.pre = ${JSON.stringify(name.slice(0, 60))} is not supported; known are ${names}`;
  throw refuseGguf(file, problem, "put the model's tokenizer.json beside the GGUF file");
}

/** The name of the pre-tokenizer that cuts as these patterns do, for writing. */
export const nameOfPreTokenizer = (patterns: readonly string[], ignoresMerges: boolean): string | undefined =>
  Object.keys(known).find((name) => {
    const one = known[name] as PreTokenizer;
    return one.patterns.join('\n') === patterns.join('\n') && (one.ignoresMerges ?? false) === ignoresMerges;
  });
