import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Tokenizer, trainByteLevelBpe } from './index.js';

const corpus = ['the lamp is on the table', 'the lamps are late', 'a table, a lamp and a chair', 'naïve café 漢字 🙂'];
const specialTokens = ['<|pad|>', '<|begin|>', '<|end|>'];
const file = trainByteLevelBpe(corpus, { vocabSize: 272, specialTokens });
const config = {
  bos_token: '<|begin|>',
  eos_token: { content: '<|end|>' },
  pad_token: '<|pad|>',
  model_max_length: 512,
};
const tokenizer = new Tokenizer({
  tokenizer: JSON.stringify(file),
  config: JSON.stringify(config),
  generation: JSON.stringify({ eos_token_id: [2, 7] }),
});

/** Lone surrogates are no text; UTF-8 cannot spell them. */
const wellFormed = (raw: string): string => Buffer.from(raw).toString();

describe('a trained vocabulary', () => {
  it('is the same for the same text', () => {
    expect(trainByteLevelBpe(corpus, { vocabSize: 272, specialTokens })).toEqual(file);
  });

  it('spells every text and gives it back exactly', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (raw) => {
        const text = wellFormed(raw);
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('merges what is frequent and stays within its size', () => {
    expect(tokenizer.encode('the lamp').length).toBeLessThan(8);
    expect(tokenizer.vocabSize).toBe(272);
  });

  it('refuses a size without room for the bytes', () => {
    expect(() => trainByteLevelBpe(corpus, { vocabSize: 100, specialTokens })).toThrow('at least 259');
  });
});

describe('special tokens', () => {
  it('are found by the names of tokenizer_config.json', () => {
    expect([tokenizer.padId, tokenizer.bosId, tokenizer.eosId, tokenizer.unkId]).toEqual([0, 1, 2, undefined]);
    expect(tokenizer.stopIds).toEqual([2, 7]);
    expect(tokenizer.maxLength).toBe(512);
  });

  it('are one id each and leave the decoded text unless asked for', () => {
    const ids = tokenizer.encode('<|begin|>the lamp<|end|>');
    expect([ids[0], ids.at(-1)]).toEqual([1, 2]);
    expect(tokenizer.decode(ids)).toBe('the lamp');
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe('<|begin|>the lamp<|end|>');
  });

  it('begin a text once even where the text spells the begin token itself', () => {
    const llama = new Tokenizer({
      tokenizer: JSON.stringify({ ...file, post_processor: beginProcessor }),
      config: JSON.stringify(config),
    });
    const count = (text: string) => llama.encode(text, { addSpecialTokens: true }).filter((id) => id === 1).length;
    expect([count('lamp'), count('<|begin|>lamp')]).toEqual([1, 1]);
  });
});

const beginProcessor = {
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: '<|begin|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [
    { SpecialToken: { id: '<|begin|>', type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
    { Sequence: { id: 'B', type_id: 1 } },
  ],
  special_tokens: { '<|begin|>': { id: '<|begin|>', ids: [1], tokens: ['<|begin|>'] } },
};

describe('a token stream', () => {
  it('gives the whole text in pieces that are valid on their own', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (raw) => {
        const text = wellFormed(raw);
        const stream = tokenizer.stream();
        const pieces = tokenizer.encode(text).map((id) => stream.push(id));
        expect([...pieces, stream.finish()].join('')).toBe(text);
        // A grapheme may hold U+FFFD itself; apart from that no piece ends in a broken character.
        if (!text.includes('\uFFFD')) expect(pieces.join('')).not.toContain('\uFFFD');
      }),
      { numRuns: 300 },
    );
  });

  it('holds back a character until its last byte', () => {
    const stream = tokenizer.stream();
    const pieces = tokenizer.encode('🦔').map((id) => stream.push(id));
    expect(pieces.slice(0, -1).every((piece) => piece === '')).toBe(true);
    expect(pieces.at(-1)).toBe('🦔');
  });

  it('lets bad bytes through after a bounded wait', () => {
    const stream = tokenizer.stream();
    const bad = tokenizer.encode('é')[0] as number;
    const text = Array.from({ length: 40 }, () => stream.push(bad)).join('');
    expect(text).toContain('\uFFFD');
  });
});

describe('bad input', () => {
  it('is refused by name', () => {
    expect(() => new Tokenizer({ tokenizer: '{' })).toThrow('tokenizer.json');
    expect(() => new Tokenizer({ tokenizer: '{"model": {"type": "Unknown"}}' })).toThrow('[tokenizer]');
    expect(() => tokenizer.decode([272])).toThrow('below 272');
  });
});
