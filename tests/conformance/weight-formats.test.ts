// Goal: weights in other people's formats become the numbers that their own libraries restore. Method: small files that gguf,
// bitsandbytes and transformers made (tests/golden/formats, with the scripts and versions), compared bit for bit where the
// arithmetic is one product, and by log-probabilities for whole models.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { dequantizeGguf, loadModel, openWeights, storedFormat, type CausalModel, type ModelSource } from '@hone/models';
import { packInt4FromParts, packInt8FromParts, packNf4FromParts, unpackWeight } from '@hone/tensor';
import { describeData, readJsonFile } from './data-root.js';

const golden = fileURLToPath(new URL('../golden/formats', import.meta.url));
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const bitsOf = (floats: Float32Array): string =>
  Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength).toString('hex');

/** log p(ids[i + 1]) at place i. */
function logProbs(model: CausalModel, ids: readonly number[]): number[] {
  const hidden = model.hidden({
    ids: Int32Array.from(ids),
    positions: Int32Array.from(ids, (_, i) => i),
    cuSeqlens: Int32Array.of(0, ids.length),
  });
  const { logp } = model.tokenLogProbs(hidden, Int32Array.from([...ids.slice(1), -1]));
  const values = [...logp.floats().slice(0, -1)];
  hidden.free();
  logp.free();
  return values;
}

function expectLogProbs(source: ModelSource, ids: readonly number[], expected: readonly number[], bound: number): void {
  const model = loadModel(source);
  const values = logProbs(model, ids);
  model.free();
  values.forEach((value, i) => expect(Math.abs(value - (expected[i] as number))).toBeLessThan(bound));
}

describe('GGUF', () => {
  const blocks = readJsonFile<{ restored: Record<string, { blocks: string; values: string }> }>(golden, 'blocks.json');

  it.each(Object.keys(blocks.restored))(
    '%s blocks are restored bit for bit as the gguf package restores them',
    (type) => {
      const { blocks: stored, values } = blocks.restored[type] as { blocks: string; values: string };
      const restored = dequantizeGguf(type as Parameters<typeof dequantizeGguf>[0], bytesOf(stored));
      expect(bitsOf(restored)).toBe(Buffer.from(values, 'base64').toString('hex'));
    },
  );

  it('a file of many types gives the log-probabilities of transformers', () => {
    const { ids, logp } = readJsonFile<{ ids: number[]; logp: number[] }>(golden, 'llama-mixed.json');
    const source = new Map([['model.gguf', new Uint8Array(readFileSync(join(golden, 'llama-mixed.gguf')))]]);
    expectLogProbs(source, ids, logp, 1e-4);
  });
});

describe('bitsandbytes checkpoints', () => {
  interface Expected {
    weights: Record<string, { sha256: string; first: number[] }>;
    ids: number[];
    logp: number[];
  }
  const folders = ['bnb-nf4', 'bnb-nf4-nested', 'bnb-fp4', 'bnb-int8', 'bnb-nf4-gpt2'];

  it.each(folders)('%s: every weight is restored bit for bit', (name) => {
    const { weights } = readJsonFile<Expected>(golden, name, 'expected.json');
    const source = openWeights(join(golden, name));
    for (const [path, { sha256, first }] of Object.entries(weights)) {
      const restored = source.floats(path);
      expect([...restored.subarray(0, 8)]).toEqual(first);
      expect(createHash('sha256').update(new Uint8Array(restored.buffer)).digest('hex')).toBe(sha256);
    }
    source.close();
  });

  it.each(folders)('%s: has the log-probabilities of transformers over the restored weights', (name) => {
    const { ids, logp } = readJsonFile<Expected>(golden, name, 'expected.json');
    expectLogProbs(join(golden, name), ids, logp, 1e-4);
  });
});

describe('a bitsandbytes checkpoint asked for in its own format', () => {
  // What is packed from the stored codes restores to the file's own values; the head of these models is tied and held in bf16.
  it.each([
    ['bnb-nf4', 'nf4'],
    ['bnb-nf4-nested', 'nf4'],
    ['bnb-int8', 'int8'],
  ] as const)('%s keeps its codes and scales', (name, format) => {
    const { weights } = readJsonFile<{ weights: Record<string, { first: number[] }> }>(golden, name, 'expected.json');
    const source = openWeights(join(golden, name));
    for (const path of Object.keys(weights)) {
      const { parts, shape } = source.entry(path);
      expect(storedFormat(join(golden, name))).toBe(format);
      if (parts?.format !== format) throw new Error(`expected ${path} to be kept as ${format}`);
      const size = shape as readonly [number, number];
      const packed =
        parts.format === 'nf4' ? packNf4FromParts(parts.read(), size) : packInt8FromParts(parts.read(), size);
      const plain = unpackWeight(packed);
      const [restored, expected] = [plain.floats(), source.floats(path)];
      plain.free();
      packed.free();
      // Codes are kept as they are, and so are the scales of int8; those of nf4 are rounded to 16 bits of their row's largest.
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const bound = parts.format === 'nf4' ? 1.01 * 2 ** -16 * largest : 1e-7;
      restored.forEach((value, i) => expect(Math.abs(value - (expected[i] as number))).toBeLessThanOrEqual(bound));
    }
    source.close();
    const model = loadModel(join(golden, name), { format });
    const { ids, logp } = readJsonFile<{ ids: number[]; logp: number[] }>(golden, name, 'expected.json');
    const values = logProbs(model, ids);
    model.free();
    // bf16 activations and embeddings; the weights are the same.
    values.forEach((value, i) => expect(Math.abs(value - (logp[i] as number))).toBeLessThan(0.1));
  });
});

describe('int4 checkpoints', () => {
  it.each(['gptq-4bit', 'gptq-4bit-act-order', 'gptq-8bit-v2', 'awq'])('%s: every value is exact', (name) => {
    const { weight } = readJsonFile<{ weight: number[] }>(golden, name, 'expected.json');
    const source = openWeights(join(golden, name));
    expect(source.entry('model.layer.weight').shape).toEqual([16, 64]);
    expect([...source.floats('model.layer.weight')]).toEqual(weight);
    source.close();
  });

  it.each(['gptq-4bit', 'awq'])('%s: packed int4 holds the very same values', (name) => {
    const { weight } = readJsonFile<{ weight: number[] }>(golden, name, 'expected.json');
    const source = openWeights(join(golden, name));
    const { parts } = source.entry('model.layer.weight');
    if (parts?.format !== 'int4') throw new Error('expected the weight to be kept as int4');
    const packed = packInt4FromParts(parts.read(), [16, 64]);
    const plain = unpackWeight(packed);
    expect([...plain.floats()]).toEqual(weight);
    for (const thing of [plain, packed]) thing.free();
    source.close();
  });

  it.each(['gptq-4bit-act-order', 'gptq-8bit-v2'])('%s cannot be kept', (name) => {
    const source = openWeights(join(golden, name));
    expect(source.entry('model.layer.weight').parts).toBeUndefined();
    source.close();
  });
});

describeData('GGUF files of a trained model', 'tiny-llama-aidreams260k', (path) => {
  const { cases } = readJsonFile<{ cases: { ids: number[]; token_logprobs_f64: (number | null)[] }[] }>(
    path,
    'reference/logprobs.json',
  );
  const one = cases[0] as (typeof cases)[number];
  const expected = one.token_logprobs_f64.slice(1) as number[];
  // The Q8_0 file holds other weights: 8 bits a value, so that its answers are near, and not the same.
  it.each([
    ['aidreams260K-f32.gguf', 1e-4],
    ['aidreams260K-q8_0.gguf', 0.05],
  ])('%s answers as the safetensors of the same model', (file, bound) => {
    expectLogProbs(new Map([['model.gguf', new Uint8Array(readFileSync(join(path, file)))]]), one.ids, expected, bound);
  });
});
