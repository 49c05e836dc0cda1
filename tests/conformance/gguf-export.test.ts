// Goal: what Hone writes as GGUF is what llama.cpp's own tools would have written. Method: blocks against the gguf package bit for bit
// (tests/golden/formats/blocks.json); whole files read back, weights and token ids compared.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { GgufFile, fileSource, openWeights, quantizeGguf, readModelConfig, writeGguf } from '@hone/models';
import { ggufFieldsOfTokenizer, readTokenizerFolder, Tokenizer, tokenizerFilesOfGguf } from '@hone/text';
import { describeData, readJsonFile } from './data-root.js';

const golden = fileURLToPath(new URL('../golden/formats', import.meta.url));
const honeTiny = fileURLToPath(new URL('../../examples/hone-tiny', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'hone-gguf-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('quantised blocks', () => {
  const { values, quantised } = readJsonFile<{ values: string; quantised: Record<'Q8_0' | 'Q4_0' | 'F16', string> }>(
    golden,
    'blocks.json',
  );
  it.each(['Q8_0', 'Q4_0', 'F16'] as const)('%s are those of the gguf package, bit for bit', (type) => {
    const source = new Uint8Array(Buffer.from(values, 'base64'));
    const bytes = quantizeGguf(type, new Float32Array(source.buffer));
    expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(quantised[type], 'base64').toString('hex'));
  });
});

async function exported(
  folder: string,
  type: 'f16' | 'q8_0' | 'q4_0',
): Promise<{ path: string; tokenizer: Tokenizer }> {
  const config = readModelConfig(folder);
  const weights = openWeights(folder);
  const path = join(scratch, `${type}.gguf`);
  const files = await readTokenizerFolder(folder);
  writeGguf(path, { config, weights, name: 'mine', type, tokenizer: ggufFieldsOfTokenizer(files, config.vocabSize) });
  weights.close();
  return { path, tokenizer: new Tokenizer(files) };
}

const texts = [
  'Hello, world!',
  '  two  spaces\n\nand lines\t',
  'naïve café — 漢字 🙂🏽',
  "I've 1234 of <|user|> them </s>",
  '',
];

function suite(folder: string): void {
  it.each([
    ['f16', 2 ** -11],
    // The scale itself is rounded to f16.
    ['q8_0', 1 / 254 + 2 ** -11],
    ['q4_0', 1 / 8 + 2 ** -11],
  ] as const)('as %s keeps every weight within half a step of its scale', async (type, step) => {
    const { path } = await exported(folder, type);
    const source = new Map([['model.gguf', new Uint8Array(readFileSync(path))]]);
    const [ours, theirs] = [openWeights(source), openWeights(folder)];
    expect(ours.names).toEqual(theirs.names.filter((name) => ours.has(name)));
    for (const name of ours.names) {
      const [a, b] = [ours.floats(name), theirs.floats(name)];
      expect(a.length).toBe(b.length);
      for (let from = 0; from < b.length; from += 32) {
        const block = b.subarray(from, from + 32);
        const largest = Math.max(...block.map(Math.abs));
        const error = Math.max(...block.map((value, i) => Math.abs((a[from + i] as number) - value)));
        if (error > step * largest * 1.001 + 1e-7) expect([name, from, error, largest]).toEqual('within half a step');
      }
    }
  });

  it('carries its tokenizer along', async () => {
    const { path, tokenizer } = await exported(folder, 'f16');
    const file = new GgufFile(fileSource(path));
    const files = tokenizerFilesOfGguf(path, file.header.fields);
    file.close();
    const back = new Tokenizer({ tokenizer: files['tokenizer.json'], config: files['tokenizer_config.json'] });
    for (const text of texts) {
      for (const addSpecialTokens of [false, true]) {
        expect(back.encode(text, { addSpecialTokens })).toEqual(tokenizer.encode(text, { addSpecialTokens }));
      }
    }
    expect([back.bosId, back.eosId, back.padId]).toEqual([tokenizer.bosId, tokenizer.eosId, tokenizer.padId]);
  });
}

describe('hone-tiny', () => suite(honeTiny));
describeData('a Llama with a SentencePiece vocabulary', 'tiny-llama-aidreams260k/hf', suite);
