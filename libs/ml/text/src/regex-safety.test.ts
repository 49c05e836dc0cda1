// Goal: patterns that can hold the engine for ever are refused, and those of published vocabularies are not.
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@hone/testkit';
import { tiktokenEncodings } from './import-vocabulary.js';
import { backtracking } from './regex-safety.js';
import { Tokenizer } from './tokenizer.js';

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const upper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const lower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';

/** As the tokenizer.json files of the families have them. */
const published: Record<string, string> = {
  'GPT-2, StarCoder, SmolLM': "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  'Llama 3': `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  Qwen: `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  'GPT-4o, Llama 4': `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${contractions}?|[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${contractions}?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  'GPT-4 with possessive signs': `'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s`,
  'DeepSeek V3': `[!"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_\`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  'DeepSeek, characters of Chinese and Japanese': '[一-龥\u3040-ゟ゠-ヿ]+',
  BLOOM: ' ?[^(\\s|[.,!?…。，、।۔،])]+',
  Falcon: '[0-9][0-9][0-9]',
  'digits from the right': '\\d{1,3}(?=(?:\\d{3})*\\b)',
  'runs of spaces': ' {2,}',
  'ends of lines': '(?:\\r\\n|\\n)+',
};

describe('the patterns of a tokenizer.json', () => {
  it.each(Object.entries({ ...published }))('of %s are accepted', (_, pattern) => {
    expect(backtracking(pattern)).toBeUndefined();
  });

  it.each(Object.entries(tiktokenEncodings))('of tiktoken %s are accepted', (_, encoding) => {
    expect(backtracking(encoding.pattern)).toBeUndefined();
  });

  it.each([
    '(a+)+$',
    '(a|a)*',
    '(a|aa)+$',
    '(.*)*x',
    '(\\s*)+',
    '([a-z]+)*!',
    '(a?){50}',
    'a*a*a*b',
    '(?:\\w|\\d)+$',
    '((ab)?c)+',
    'x(?=(a+)+$)',
    'a{1,100}b{1,100}a{1,100}c',
    '[[](a+)+$]]',
    '(',
    '[a',
    'a)',
    '(?#x)',
    'a+*',
  ])('such as %s are refused', (pattern) => {
    expect(backtracking(pattern)).toBeDefined();
  });

  const text = readFileSync(join(repositoryRoot, 'examples/hone-tiny/tokenizer.json'), 'utf8');
  const evil = { Regex: '(a+)+$' };
  it.each([
    ['normalizer', { type: 'Replace', pattern: evil, content: 'b' }, 'normalizer.pattern'],
    [
      'pre_tokenizer',
      { type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: evil, behavior: 'Isolated', invert: false }] },
      'pre_tokenizer.pretokenizers.0.pattern',
    ],
    ['decoder', { type: 'Replace', pattern: evil, content: 'b' }, 'decoder.pattern'],
  ])('are refused with their place, in the %s', (part, value, place) => {
    const tokenizer = JSON.stringify({ ...(JSON.parse(text) as object), [part]: value });
    const refused = { code: 'tokenizer_pattern_refused', param: place, message: expect.stringContaining('(a+)+$') };
    expect(() => new Tokenizer({ tokenizer })).toThrow(expect.objectContaining(refused as object));
  });
});
