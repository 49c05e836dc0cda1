// Goal: every export is certified by what it answers, and one that answers otherwise is refused and leaves nothing. Method: hone-tiny
// with a random adapter, exported to every format, read back, compared with the adapter on its base.
import { mkdtempSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import {
  exportModel,
  loadModel,
  parityBounds,
  parityCertificate,
  parityProbe,
  probeLogProbs,
  requireParity,
  saveAdapter,
} from '@hone/models';
import { LoraAdapter, type LoraConfig } from '@hone/nn';
import { memoryStats } from '@hone/tensor';
import { ggufFieldsOfTokenizer, readTokenizerFolder, Tokenizer, type TokenizerFiles } from '@hone/text';

const base = fileURLToPath(new URL('../../examples/hone-tiny', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'hone-export-'));
const adapter = join(scratch, 'adapter');
let tokenizer: TokenizerFiles;
let probeTexts: number[][];

beforeAll(async () => {
  tokenizer = await readTokenizerFolder(base);
  probeTexts = [new Tokenizer(tokenizer).encode('Where is my order? It should have come on Monday.')];
  const model = loadModel(base);
  const config: LoraConfig = {
    ...{ r: 8, loraAlpha: 16, loraDropout: 0, targetModules: ['q_proj', 'v_proj', 'down_proj'], useRslora: false },
    ...{ excludeModules: undefined, layersToTransform: undefined, rankPattern: {}, alphaPattern: {} },
  };
  const made = LoraAdapter.initial(config, model.modules, 1, model.fingerprint);
  const random = seeded(1, 'b');
  for (const { b } of made.modules.values()) {
    b.write(Float32Array.from({ length: b.shape.reduce((x, y) => x * y, 1) }, () => 0.02 * (random() - 0.5)));
  }
  saveAdapter(made, adapter, { baseName: 'hone-tiny' });
  made.free();
  model.free();
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
  expect(memoryStats().liveBytes).toBe(0);
});

const ggufTokenizer = (vocabSize: number) => ggufFieldsOfTokenizer(tokenizer, vocabSize);

describe('an export', () => {
  it.each(['peft', 'safetensors', 'gguf-f16', 'gguf-q8_0', 'gguf-q4_0'] as const)(
    'as %s is within its bound',
    (target) => {
      const output = join(scratch, target);
      const options = { base, adapter, target, output, name: 'hone-tiny', ggufTokenizer, probeTexts };
      const certificate = exportModel(options);
      expect(certificate.tokens).toBeGreaterThan(8 * 31);
      expect(certificate.maxDifference).toBeLessThanOrEqual(parityBounds[certificate.target].max);
      expect(readdirSync(output).length).toBeGreaterThan(0);
      expect(existsSync(`${output}.partial`)).toBe(false);
      expect(() => exportModel(options)).toThrow('expected a new folder');
      if (target !== 'gguf-q8_0') return;
      // The same export has the same certificate, digests and all.
      rmSync(output, { recursive: true });
      expect(exportModel(options)).toEqual(certificate);
    },
  );

  it('of a model without an adapter cannot be an adapter', () => {
    const output = join(scratch, 'none');
    expect(() => exportModel({ base, target: 'peft', output, name: 'x' })).toThrow('expected an adapter');
    expect(readdirSync(scratch).filter((name) => name.startsWith('none'))).toEqual([]);
  });
});

describe('a certificate', () => {
  const probe = parityProbe({ vocabSize: 100, maxPositions: 64 }, 1);
  const side = (...values: number[]) => ({ digest: 'sha256:0' as never, logProbs: Float32Array.from(values) });

  it('counts the largest and the mean difference', () => {
    const { maxDifference, meanDifference } = parityCertificate('gguf-q8_0', probe, side(-1, -2), side(-1.5, -2));
    expect([maxDifference, meanDifference]).toEqual([0.5, 0.25]);
  });

  it('over its bound is refused with both numbers', () => {
    const far = parityCertificate('gguf-f16', probe, side(-1, -2), side(-3, -2));
    expect(() => requireParity(far)).toThrow(/within 0\.1 .* differs by 2\.00 \(mean 1\.00\)/);
  });

  it.each([NaN, Infinity, -Infinity])('of answers that are %p is refused', (value) => {
    expect(() => requireParity(parityCertificate('gguf-q4_0', probe, side(-1), side(value)))).toThrow(
      'differs by Infinity',
    );
    expect(() => requireParity(parityCertificate('gguf-q4_0', probe, side(-1, -1), side(-1)))).toThrow('differs');
  });

  it('has the same probe everywhere', () => {
    expect(parityProbe({ vocabSize: 100, maxPositions: 64 }, 1).digest).toBe(probe.digest);
    expect(parityProbe({ vocabSize: 100, maxPositions: 64 }, 2).digest).not.toBe(probe.digest);
  });
});

describe('damage to an exported file', () => {
  it.each([
    ['gguf-q8_0', 'model.gguf'],
    ['safetensors', 'model.safetensors'],
  ] as const)('in %s is far beyond the bound', (target, name) => {
    const output = join(scratch, `damaged-${target}`);
    const { target: exact } = exportModel({ base, target, output, name: 'hone-tiny', ggufTokenizer });
    const bytes = readFileSync(join(output, name));
    // One high bit of every fourth byte of a tenth of the file; the highest would make infinities, which loading refuses.
    const from = Math.floor(bytes.length * 0.7) & ~15;
    for (let at = from; at < from + bytes.length / 10; at += 4) bytes[at + 1] = (bytes[at + 1] as number) ^ 0x20;
    writeFileSync(join(output, name), bytes);
    const answers = (folder: string) => {
      const model = loadModel(folder);
      const probe = parityProbe(model.shape, 1);
      const logProbs = probeLogProbs(model, probe);
      model.free();
      return { probe, side: { digest: 'sha256:0' as never, logProbs } };
    };
    const { probe, side: trained } = answers(base);
    const certificate = parityCertificate(exact, probe, trained, answers(output).side);
    expect(() => requireParity(certificate)).toThrow('fix: export a wider type');
  });
});
