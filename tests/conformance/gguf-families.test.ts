// Goal: a GGUF file of every family is the model that it was converted from. Method: small files that a script made with the
// gguf package as llama.cpp's converter does (tests/golden/gguf), by log-probabilities against transformers; and each written
// back as GGUF and read again, weight by weight.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadModel, openWeights, readModelConfig, writeGguf, type ModelConfig } from '@hone/models';
import { readJsonFile } from './data-root.js';

type AttentionSpec = ModelConfig['decoder']['layers'][number]['attention'];

const golden = fileURLToPath(new URL('../golden/gguf', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'hone-gguf-families-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const fileOf = (path: string) => new Map([['model.gguf', new Uint8Array(readFileSync(path))]]);
const { families } = readJsonFile<{
  families: Record<string, { sha256: string; ids: number[]; logp: number[] }>;
}>(golden, 'expected.json');

describe.each(Object.keys(families))('%s', (family) => {
  const { sha256, ids, logp } = families[family] as (typeof families)[string];
  const source = fileOf(join(golden, `${family}.gguf`));

  it('gives the log-probabilities of transformers', () => {
    const [bytes] = [...source.values()] as [Uint8Array];
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    const model = loadModel(source);
    const hidden = model.hidden({
      ids: Int32Array.from(ids),
      positions: Int32Array.from(ids, (_, i) => i),
      cuSeqlens: Int32Array.of(0, ids.length),
    });
    const { logp: values } = model.tokenLogProbs(hidden, Int32Array.from([...ids.slice(1), -1]));
    const errors = [...values.floats().slice(0, -1)].map((value, i) => Math.abs(value - (logp[i] as number)));
    expect(Math.max(...errors)).toBeLessThan(1e-4);
    for (const thing of [hidden, values, model]) thing.free();
  });

  it('is the same model when it is written and read again', () => {
    const weights = openWeights(source);
    const config = attendingToAll(family, readModelConfig(source));
    const path = join(scratch, `${family}.gguf`);
    writeGguf(path, { config, weights, name: family, type: 'f16', tokenizer: new Map() });
    const written = fileOf(path);
    const back = openWeights(written);
    expect(readModelConfig(written).decoder).toEqual(config.decoder);
    expect(back.names).toEqual(weights.names);
    for (const name of weights.names) {
      const [ours, theirs] = [back.floats(name), weights.floats(name)];
      const errors = ours.map((value, i) => Math.abs(value - (theirs[i] as number)));
      expect(Math.max(...errors)).toBeLessThan(2 ** -11 * Math.max(...theirs.map(Math.abs)));
    }
    back.close();
    weights.close();
  });
});

/** llama.cpp computes Phi-3 without its sliding window, so that only a model that needs none is written. */
function attendingToAll(family: string, config: ModelConfig): ModelConfig {
  if (family !== 'phi3') return config;
  const layers = config.decoder.layers.map((layer) => ({ ...layer, attention: { ...layer.attention, window: 0 } }));
  return { ...config, decoder: { ...config.decoder, layers } };
}

describe('what a GGUF file cannot say is refused by name', () => {
  const refusals: [family: string, change: (config: ModelConfig) => ModelConfig, problem: string][] = [
    ['phi3', (config) => config, 'sliding window'],
    ['gemma2', (config) => withLayers(config, (layer) => ({ ...layer, window: 8 })), 'other layers slide'],
    ['gemma2', (config) => withLayers(config, (layer) => ({ ...layer, scale: 0.5 })), 'scaled in a way of their own'],
    ['gemma3', (config) => withLayers(config, withLocalRope), 'another rotary table'],
    ['gpt2', (config) => ({ ...config, architecture: 'GPTNeoXForCausalLM' }), 'GPTNeoXForCausalLM is not built for it'],
  ];
  it.each(refusals)('%s', (family, change, problem) => {
    const source = fileOf(join(golden, `${family}.gguf`));
    const weights = openWeights(source);
    const config = change(readModelConfig(source));
    const write = () =>
      writeGguf(join(scratch, 'refused.gguf'), { config, weights, name: family, type: 'f16', tokenizer: new Map() });
    expect(write).toThrow(problem);
    weights.close();
  });
});

function withLayers(config: ModelConfig, change: (attention: AttentionSpec) => AttentionSpec): ModelConfig {
  const layers = config.decoder.layers.map((layer) => ({ ...layer, attention: change(layer.attention) }));
  return { ...config, decoder: { ...config.decoder, layers } };
}

const withLocalRope = (attention: AttentionSpec): AttentionSpec =>
  attention.window === 0 ? attention : { ...attention, rope: { theta: 500, scaling: { type: 'default' } } };
