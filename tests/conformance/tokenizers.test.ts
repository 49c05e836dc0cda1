// Every text whose ids somebody else wrote down: the tests of three tokenizer libraries, and llama.cpp's vocabulary files.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseGgufHeader } from '@hone/base';
import { Tokenizer, bpeFromTiktoken, tiktokenEncodings, tokenizerFilesOfGguf, wordPieceFromVocab } from '@hone/text';
import { dataRoot, describeData } from './data-root.js';

const text = (...path: string[]): string => readFileSync(join(...path), 'utf8');
const textIfThere = (...path: string[]): string | undefined => (existsSync(join(...path)) ? text(...path) : undefined);

/** The tokenizer that a case names: a folder with tokenizer.json or vocab.txt, or a tiktoken rank file. */
function tokenizerAt(place: string): Tokenizer | undefined {
  const path = join(dataRoot, place);
  if (place.endsWith('.tiktoken')) {
    const encoding = tiktokenEncodings[basename(place, '.tiktoken')];
    const ranks = textIfThere(path);
    return ranks && encoding
      ? new Tokenizer({ tokenizer: JSON.stringify(bpeFromTiktoken(ranks, encoding)) })
      : undefined;
  }
  const vocab = textIfThere(path, 'vocab.txt');
  const tokenizer = textIfThere(path, 'tokenizer.json') ?? (vocab && JSON.stringify(wordPieceFromVocab(vocab)));
  if (!tokenizer) return undefined;
  const config = textIfThere(path, 'tokenizer_config.json');
  return new Tokenizer({ tokenizer, ...(config ? { config } : {}) });
}

interface Case {
  tokenizer: string;
  name?: string;
  text: string;
  text_pair?: string;
  ids: number[];
  decoded?: string;
  decoded_skip_special?: string;
}

/** The first difference, so that one failure says which text it was. */
const differing = <T>(cases: readonly T[], expected: (one: T) => unknown, received: (one: T) => unknown) =>
  cases
    .map((one) => ({ one, expected: expected(one), received: received(one) }))
    .filter(({ expected: a, received: b }) => JSON.stringify(a) !== JSON.stringify(b));

describeData('tokenizer cases', 'tokenizer-cases', (path) => {
  // The sentence pair of BERT's next-sentence task has no place in a language model.
  const cases = text(path, 'cases.jsonl')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Case)
    .filter(({ name, text_pair }) => name !== 'TEXT_PAIR' && text_pair === undefined);

  for (const place of new Set(cases.map((one) => one.tokenizer))) {
    const group = cases.filter((one) => one.tokenizer === place);
    const tokenizer = tokenizerAt(place);
    if (!tokenizer) {
      it.skip(`${place}: needs its vocabulary under HONE_DATA_DIR`, () => undefined);
      continue;
    }
    describe(place, () => {
      it(`gives the ids of all ${group.length} texts`, () => {
        expect(
          differing(
            group,
            ({ ids }) => ids,
            (one) => tokenizer.encode(one.text, { addSpecialTokens: true }),
          ),
        ).toEqual([]);
      });

      // Whether spaces before punctuation are cleaned up is a setting that these cases do not name: either is right.
      const isDecoded = (ids: number[], skipSpecialTokens: boolean, expected: string): boolean =>
        [false, true].some((cleanUpSpaces) => tokenizer.decode(ids, { skipSpecialTokens, cleanUpSpaces }) === expected);

      it('gives their text back', () => {
        const wrong = group.filter(({ ids, decoded }) => decoded !== undefined && !isDecoded(ids, false, decoded));
        expect(wrong).toEqual([]);
      });

      it('gives their text back without special tokens', () => {
        const wrong = group.filter(
          (one) => one.decoded_skip_special !== undefined && !isDecoded(one.ids, true, one.decoded_skip_special),
        );
        expect(wrong).toEqual([]);
      });
    });
  }
});

/** llama.cpp names its vocabularies after models; these are the folders with the same vocabulary. */
const foldersOfVocab: Readonly<Record<string, string>> = {
  'gpt-2': 'tokenizer-gpt2',
  'llama-spm': 'tokenizer-llama2',
  'bert-bge': 'tokenizer-bert-base-uncased',
};

describeData('llama.cpp vocabularies', 'ggml-vocab', (path) => {
  for (const file of readdirSync(path).filter((name) => name.endsWith('.gguf.inp'))) {
    const name = file.replace(/^ggml-vocab-|\.gguf\.inp$/g, '');
    const lines = text(path, file.replace(/inp$/, 'out')).split('\n');
    const cases = text(path, file)
      .split('\n__ggml_vocab_test__\n')
      .map((input, index) => ({ input, ids: (lines[index] ?? '').split(' ').filter(Boolean).map(Number) }));
    const expectIds = (tokenizer: Tokenizer): void => {
      const disagree = differing(
        cases,
        ({ ids }) => ids,
        ({ input }) => tokenizer.encode(input, { addSpecialTokens: false }),
      );
      expect(disagree).toEqual([]);
    };
    const folder = tokenizerAt(foldersOfVocab[name] ?? `tokenizer-${name}`);
    if (folder) it(`${name}: the tokenizer.json gives the ids of all ${cases.length} texts`, () => expectIds(folder));
    else it.skip(`${name}: needs a tokenizer.json of the same vocabulary under HONE_DATA_DIR`, () => undefined);

    const bytes = new Uint8Array(readFileSync(join(path, file.replace(/\.inp$/, ''))));
    const { fields } = parseGgufHeader(name, bytes, bytes.byteLength);
    if (fields.get('tokenizer.ggml.model') === 'bert') continue;
    it(`${name}: the GGUF metadata gives the ids of all ${cases.length} texts`, () => {
      const files = tokenizerFilesOfGguf(name, fields);
      expectIds(new Tokenizer({ tokenizer: files['tokenizer.json'], config: files['tokenizer_config.json'] }));
    });
  }
});

describeData('every tokenizer.json', '.', (path) => {
  const folders = readdirSync(path)
    .flatMap((name) => [name, join(name, 'hf')])
    .filter((name) => existsSync(join(path, name, 'tokenizer.json')));

  it.each(folders)('%s: text comes back from its ids, at once and as a stream', (folder) => {
    const tokenizer = tokenizerAt(folder) as Tokenizer;
    for (const sample of [
      'Hello, world!',
      'line one\n\n  line two',
      'naïve café — 漢字 🙂🏽',
      "don't (stop) , now .",
    ]) {
      const ids = tokenizer.encode(sample);
      const whole = tokenizer.decode(ids);
      // A vocabulary without byte fallback cannot spell everything; what it can spell has to come back.
      if (!ids.includes(tokenizer.unkId ?? -1)) expect(whole).toBe(sample);
      const stream = tokenizer.stream();
      expect(ids.map((id) => stream.push(id)).join('') + stream.finish()).toBe(whole);
    }
  });
});
