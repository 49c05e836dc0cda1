// Goal: each family computes what transformers, torch and peft computed (tests/golden/families, made by make.py there).
// Method: every golden folder is loaded as a model folder; what has no peer (pages, formats, memory) is held to what has one.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOfBytes } from '@hone/base';
import { Tape, filled, memoryStats, onDevice, resetPeak, type Tensor } from '@hone/tensor';
import { Adamw, type LoraAdapter, type ParameterArena } from '@hone/nn';
import {
  SafetensorsFile,
  adapterFiles,
  fileSource,
  loadAdapter,
  loadModel,
  memorySource,
  mergeAdapter,
  saveModel,
  weightMap,
  type BaseFormat,
  type CausalModel,
} from '@hone/models';
import { packedBatch, pagedLogProbs, targetsOf } from './model-rows.js';
import { readJsonFile } from './data-root.js';

const root = join(import.meta.dirname, '../golden/families');

interface Golden {
  sequences: number[][];
  log_probs: number[][];
  losses: number[];
  adapter_log_probs: number[][];
  adapter_losses: number[];
  sha256: Record<string, string>;
}

/** Largest absolute difference. */
const distance = (values: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(values.length).toBe(expected.length);
  return Math.max(...Array.from(values, (value, i) => Math.abs(value - (expected[i] as number))));
};

/** log p(ids[i]) at place i of all sequences in one packed batch; the first of each is 0. */
function logProbs(model: CausalModel, sequences: number[][], adapter?: LoraAdapter): number[] {
  const hidden = model.hidden(packedBatch(sequences, adapter));
  const { logp } = model.tokenLogProbs(hidden, targetsOf(sequences));
  const values = logp.floats();
  for (const tensor of [hidden, logp]) tensor.free();
  let row = 0;
  return sequences.flatMap((ids) => ids.map((_, i) => (row++, i === 0 ? 0 : (values[row - 2] as number))));
}

/** Adds the gradient of the mean loss; returns the loss. */
function backward(
  model: CausalModel,
  sequences: number[][],
  { adapter, isCheckpointed = false }: { adapter?: LoraAdapter | undefined; isCheckpointed?: boolean } = {},
): number {
  const targets = targetsOf(sequences);
  const count = targets.filter((target) => target >= 0).length;
  const tape = new Tape();
  const { logp } = tape.record(() =>
    model.tokenLogProbs(model.hidden({ ...packedBatch(sequences, adapter), isCheckpointed }), targets),
  );
  const loss = -logp.floats().reduce((sum, value) => sum + value, 0) / count;
  const upstream = filled([targets.length], -1 / count);
  tape.backward(logp, upstream);
  upstream.free();
  return loss;
}

/** Losses before each step, with the optimizer that the golden names. */
function losses(model: CausalModel, sequences: number[][], steps: number, adapter?: LoraAdapter): number[] {
  const arenas: ParameterArena[] = adapter ? [adapter.arena] : Object.values(model.arenas ?? {});
  for (const arena of arenas) arena.train();
  const groups = arenas.map((arena) => ({ arena, weightDecay: 0.01 }));
  const optimizer = new Adamw(groups, { beta1: 0.9, beta2: 0.999, eps: 1e-8 });
  const values = Array.from({ length: steps }, () => {
    const loss = backward(model, sequences, { adapter });
    optimizer.step(1e-3);
    optimizer.zeroGradients();
    return loss;
  });
  optimizer.free();
  return values;
}

const golden = readdirSync(root).filter((name) => existsSync(join(root, name, 'expected.json')));

describe.each(golden)('%s', (family) => {
  const folder = join(root, family);
  const expected = readJsonFile<Golden>(folder, 'expected.json');
  const { sequences } = expected;
  let model: CausalModel;
  let scratch: string;
  beforeAll(() => {
    model = loadModel(folder);
    scratch = mkdtempSync(join(tmpdir(), 'hone-family-'));
  });
  afterAll(() => {
    model.free();
    rmSync(scratch, { recursive: true });
    expect(memoryStats().liveBytes).toBe(0);
  });
  const withAdapter = (body: (adapter: LoraAdapter) => void): void => {
    const adapter = loadAdapter(join(folder, 'adapter'), model);
    try {
      body(adapter);
    } finally {
      adapter.free();
    }
  };

  it('is the folder that the script wrote', () => {
    for (const [path, digest] of Object.entries(expected.sha256)) {
      expect(digestOfBytes(readFileSync(join(folder, path)))).toBe(`sha256:${digest}`);
    }
  });

  it('has the log-probabilities of transformers within 2e-5, packed and alone', () => {
    expect(distance(logProbs(model, sequences), expected.log_probs.flat())).toBeLessThan(2e-5);
    sequences.forEach((ids, i) =>
      expect(distance(logProbs(model, [ids]), expected.log_probs[i] as number[])).toBeLessThan(2e-5),
    );
  });

  it.each([false, true])(
    "has every parameter's gradient within 1e-4 of the largest (recomputed: %s)",
    (isCheckpointed) => {
      const trained = loadModel(folder, { isTrainable: true });
      backward(trained, sequences, { isCheckpointed });
      const file = new SafetensorsFile(fileSource(join(folder, 'gradients.safetensors')));
      const arenas = Object.values(trained.arenas ?? {}) as ParameterArena[];
      const parameters = new Map(arenas.flatMap((arena) => [...arena.parameters]));
      expect([...parameters.keys()].sort()).toEqual([...file.tensors.keys()].sort());
      for (const { name, shape, isTransposed } of weightMap(trained.config)) {
        const grad = ((parameters.get(name) as Tensor).grad as Tensor).floats();
        const values = isTransposed ? transposed(grad, shape[1] as number) : grad;
        const reference = file.floats(name);
        const largest = Math.max(...reference.map(Math.abs));
        expect([name, distance(values, reference) / largest < 1e-4]).toEqual([name, true]);
      }
      file.close();
      trained.free();
    },
  );

  it('repeats ten steps of AdamW within 1e-4', () => {
    const trained = loadModel(folder, { isTrainable: true });
    expect(distance(losses(trained, sequences, 10), expected.losses)).toBeLessThan(1e-4);
    trained.free();
  });

  it('writes back the weights that save_pretrained wrote', () => {
    const trained = loadModel(folder, { isTrainable: true });
    saveModel(trained, folder, scratch);
    const [ours, theirs] = [scratch, folder].map(
      (path) => new SafetensorsFile(fileSource(join(path, 'model.safetensors'))),
    ) as [SafetensorsFile, SafetensorsFile];
    expect([...ours.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
    for (const [name, { shape }] of theirs.tensors) {
      expect(ours.entry(name).shape).toEqual(shape);
      expect(ours.floats(name)).toEqual(theirs.floats(name));
    }
    for (const thing of [ours, theirs]) thing.close();
    trained.free();
  });

  it('answers with an adapter of peft as peft does, trains it as peft does, and merges it', () => {
    withAdapter((adapter) => {
      const adapted = logProbs(model, sequences, adapter);
      expect(distance(adapted, expected.adapter_log_probs.flat())).toBeLessThan(2e-5);
      // Into weights of f32, where merging rounds nothing away.
      const trained = loadModel(folder, { isTrainable: true });
      saveModel(trained, folder, join(scratch, 'f32'));
      trained.free();
      mergeAdapter(join(scratch, 'f32'), adapter, join(scratch, 'merged'));
      const merged = loadModel(join(scratch, 'merged'));
      expect(distance(logProbs(merged, sequences), adapted)).toBeLessThan(5e-5);
      merged.free();
      expect(distance(losses(model, sequences, 3, adapter), expected.adapter_losses)).toBeLessThan(1e-4);
    });
  });

  it('writes an adapter folder that peft opens: the files that peft wrote', () => {
    withAdapter((adapter) => {
      const files = adapterFiles(adapter);
      const json = (text: string | Uint8Array) => JSON.parse(new TextDecoder().decode(Buffer.from(text))) as object;
      const config = json(files.get('adapter_config.json') as Uint8Array);
      const theirs = json(readFileSync(join(folder, 'adapter/adapter_config.json')));
      expect({ ...config, peft_version: '' }).toEqual({ ...theirs, peft_version: '' });
      const ours = new SafetensorsFile(memorySource('adapter', files.get('adapter_model.safetensors') as Uint8Array));
      const saved = new SafetensorsFile(fileSource(join(folder, 'adapter/adapter_model.safetensors')));
      expect([...ours.tensors.keys()].sort()).toEqual([...saved.tensors.keys()].sort());
      for (const name of saved.tensors.keys()) expect(ours.floats(name)).toEqual(saved.floats(name));
      saved.close();
    });
  });

  it.each(['f32', 'bf16', 'int8'] as BaseFormat[])('serves in %s over pages what training computes', (format) => {
    const base = loadModel(folder, { format });
    const adapter = loadAdapter(join(folder, 'adapter'), base);
    const bound = format === 'f32' ? 2e-5 : 2e-4;
    for (const chunks of [[29], [1, 7, 13, 8]]) {
      const [plain, adapted] = [undefined, adapter].map((one) => pagedLogProbs(base, sequences, chunks, one));
      expect(distance(plain as number[], logProbs(base, sequences))).toBeLessThan(bound);
      expect(distance(adapted as number[], logProbs(base, sequences, adapter))).toBeLessThan(bound);
    }
    // A row's bits do not know their neighbours.
    const together = pagedLogProbs(base, sequences, [29], adapter);
    const alone = sequences.flatMap((ids) => pagedLogProbs(base, [ids], [ids.length], adapter));
    expect(alone).toEqual(together);
    adapter.free();
    base.free();
  });

  it('is refused as NF4, whose blocks its rows do not fill', () => {
    expect(() => loadModel(folder, { format: 'nf4' })).toThrow(
      'expected a row length that is a multiple of 64 for NF4 of',
    );
  });

  it('takes no more memory for a training step than the null device counts', () => {
    const live = memoryStats().liveBytes;
    const step = (): number => {
      const before = memoryStats().liveBytes;
      const trained = loadModel(folder, { isTrainable: true });
      resetPeak();
      backward(trained, sequences);
      const peak = memoryStats().peakBytes - before;
      trained.free();
      return peak;
    };
    const measured = step();
    let counted = 0;
    onDevice('null', () => {
      counted = step();
    });
    expect(measured).toBeLessThanOrEqual(counted);
    expect(measured / counted).toBeGreaterThan(0.9);
    expect(memoryStats().liveBytes).toBe(live);
  });
});

/** The transpose of a matrix with `columns` columns in the result. */
function transposed(values: Float32Array, columns: number): Float32Array {
  const rows = values.length / columns;
  return Float32Array.from(values, (_, i) => values[(i % columns) * rows + Math.floor(i / columns)] as number);
}
