// Goal: no bytes that somebody gives as a model make a parser do anything but answer or refuse. Method: seeded mutations of a corpus of
// small valid files; every outcome must be a value or a refusal, within memory in proportion to the file, and a second try must end
// the same way. HONE_FUZZ_SECONDS runs each target for so long (npm run fuzz), HONE_FUZZ_SEED repeats a run.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { configOfGguf, HoneError, parseGgufHeader, seeded } from '@hone/base';
import { openWeights } from '@hone/models';
import { tokenizerFilesOfGguf } from '@hone/text';
import { mutated } from './mutate.js';

const corpus = fileURLToPath(new URL('../golden/formats', import.meta.url));
const seconds = Number(process.env['HONE_FUZZ_SECONDS'] ?? 0);
const seed = Number(process.env['HONE_FUZZ_SEED'] ?? 20261122);
const rounds = 600;

type Files = Map<string, Uint8Array>;

const bytesOf = (...path: string[]): Uint8Array => new Uint8Array(readFileSync(join(corpus, ...path)));

/** Every weight read to its last byte. */
function readAll(files: Files): void {
  const weights = openWeights(files);
  for (const name of weights.names) weights.bytes(name);
  weights.close();
}

/** What a header holds in memory, in bytes: no more than the file could say. */
function heldBytes(header: ReturnType<typeof parseGgufHeader>): number {
  let held = 0;
  for (const value of header.fields.values()) {
    if (typeof value === 'string') held += 2 * value.length;
    else if (value instanceof Float64Array) held += value.byteLength;
    else if (Array.isArray(value)) held += value.reduce((sum: number, text) => sum + 16 + 2 * String(text).length, 0);
  }
  return held + header.tensors.size * 64;
}

function readGguf(files: Files): void {
  const bytes = files.get('model.gguf') as Uint8Array;
  const header = parseGgufHeader('model.gguf', bytes, bytes.byteLength);
  expect(heldBytes(header)).toBeLessThanOrEqual(16 * bytes.byteLength);
  const outcomes = [
    () => configOfGguf('model.gguf', header, () => new Float32Array(8)),
    () => tokenizerFilesOfGguf('model.gguf', header.fields),
    () => readAll(files),
  ].map(outcomeOf);
  const refused = outcomes.find((outcome) => outcome !== 'read');
  if (refused !== undefined) throw new HoneError('refusal', 'after_the_header', refused);
}

/** `read`, or the code of the refusal; anything else is the failure that is looked for. */
function outcomeOf(act: () => unknown): string {
  try {
    act();
    return 'read';
  } catch (error) {
    if (error instanceof HoneError && error.kind === 'refusal') return error.code;
    throw error;
  }
}

interface Target {
  readonly name: string;
  readonly files: Files;
  /** Which file is damaged, and how many of its bytes decide its structure. */
  readonly victim: string;
  readonly head: number;
  readonly read: (files: Files) => void;
}

const headOfSafetensors = (bytes: Uint8Array): number => 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));

const ofFamilies = ['gemma3', 'gpt2', 'mixtral', 'qwen3-moe'].map((family) => join('..', 'gguf', `${family}.gguf`));
const gguf = ['llama-vocabulary.gguf', 'llama-mixed.gguf', ...ofFamilies].map((name): Target => {
  const files = new Map([['model.gguf', bytesOf(name)]]);
  return { name, files, victim: 'model.gguf', head: ofFamilies.includes(name) ? 3000 : 12_000, read: readGguf };
});

const checkpoints = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }): Target[] => {
    const files = new Map(['config.json', 'model.safetensors'].map((file) => [file, bytesOf(name, file)]));
    const weights = files.get('model.safetensors') as Uint8Array;
    const head = headOfSafetensors(weights);
    return [
      { name: `${name}, weights`, files, victim: 'model.safetensors', head, read: readAll },
      {
        name: `${name}, quant_state and small tensors`,
        files,
        victim: 'model.safetensors',
        head: weights.byteLength,
        read: readAll,
      },
      { name: `${name}, config`, files, victim: 'config.json', head: 4096, read: readAll },
    ];
  });

describe(`mutated files (seed ${seed})`, () => {
  it.each([...gguf, ...checkpoints])(
    '$name: is read or refused',
    ({ files, victim, head, read, name }) => {
      const original = files.get(victim) as Uint8Array;
      const outcomes = new Map<string, number>();
      const until = performance.now() + 1000 * seconds;
      for (let round = 0; round < rounds || performance.now() < until; round++) {
        const random = seeded(seed, name, String(round));
        const damaged = new Map(files).set(victim, mutated(original, head, random));
        try {
          const outcome = outcomeOf(() => read(damaged));
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        } catch (cause) {
          throw new Error(`round ${round} of seed ${seed}`, { cause });
        }
      }
      // A fuzzer whose every file is refused (or read) has stopped to test anything.
      expect(outcomes.size).toBeGreaterThan(1);
    },
    1000 * seconds + 60_000,
  );

  it('an unharmed file is read', () => {
    for (const { files, read } of checkpoints) expect(outcomeOf(() => read(files))).toBe('read');
  });
});
