// Goal: a model goes out as other people's files and comes back in from them, over the CLI and a whole mesh, and answers as before.
// Method: a random model and a LoRA adapter that the mesh trained on it, exported as GGUF, safetensors and PEFT; each whole model is
// imported under a new name and asked the same. A model that four bits distort shows what a refused certificate leaves behind.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAdapter, loadModel, SafetensorsFile, fileSource, writeSafetensors } from '@hone/models';
import { startWholeMesh, type WholeMesh, writeRandomModel } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ExportObject } from '@hone/contracts';
import type { Completion } from 'openai/resources/completions';
import { clientOf, ended, rows, upload } from '../faults/fine-tuning.js';

jest.setTimeout(240_000);

const scratch = mkdtempSync(join(tmpdir(), 'hone-formats-'));
const whole = join(scratch, 'whole');
let mesh: WholeMesh;

beforeAll(async () => {
  mesh = await startWholeMesh({ isBare: true });
  await importModel(await writeRandomModel(whole, { seed: 7 }), 'whole');
});

afterAll(async () => {
  await mesh?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

async function importModel(path: string, name: string): Promise<void> {
  expect(await mesh.cli('model', 'import', path, '--name', name)).toMatchObject({ code: 0, stderr: '' });
}

/** Exports a model over the CLI; the certificate holds. */
async function exported(model: string, wish: readonly string[], output: string): Promise<ExportObject> {
  const { code, stdout, stderr } = await mesh.cli('model', 'export', model, ...wish, '--output', output, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const made = JSON.parse(stdout) as ExportObject;
  expect(made.certificate?.max_difference).toBeLessThanOrEqual(made.certificate?.bound.max as number);
  expect(readdirSync(output).sort()).toEqual(made.files.map(({ path }) => path).sort());
  return made;
}

const expectClose = (values: readonly number[], expected: readonly number[], bound: number): void => {
  expect(values.length).toBe(expected.length);
  values.forEach((value, i) => expect(Math.abs(value - (expected[i] as number))).toBeLessThan(bound));
};

async function logProbsOf(model: string): Promise<number[]> {
  const asked = {
    model,
    prompt: 'Where is my parcel? It should have come on Monday.',
    echo: true,
    logprobs: 1,
    max_tokens: 1,
    temperature: 0,
  };
  const response = await mesh.call('POST', '/v1/completions', asked);
  expect(response.status).toBe(200);
  const [choice] = ((await response.json()) as Completion).choices;
  // The first token has none, and the last one may be another where two were nearly as likely.
  return (choice?.logprobs?.token_logprobs ?? []).slice(1, -1) as number[];
}

describe('a model', () => {
  it.each([
    [['--format', 'gguf', '--type', 'q8_0'], 'model.gguf', 0.5],
    [['--format', 'safetensors'], '', 1e-3],
  ])('exported with %j and imported again answers as before', async (wish, file, bound) => {
    const output = join(scratch, `out-${wish[1]}`);
    await exported('whole', wish, output);
    await importModel(join(output, file), `again-${wish[1]}`);
    const before = await logProbsOf('whole');
    expect(before.length).toBeGreaterThan(4);
    expectClose(await logProbsOf(`again-${wish[1]}`), before, bound);
  });

  it('is not exported as what it is not, and nothing is left behind', async () => {
    const output = join(scratch, 'refused');
    const peft = await mesh.cli('model', 'export', 'whole', '--format', 'peft', '--output', output);
    expect(peft.code).not.toBe(0);
    expect(peft.stderr).toContain('expected an adapter for peft');
    const unknown = await mesh.cli('model', 'export', 'nobody', '--output', output);
    expect(unknown.stderr).toContain('nobody');
    const typed = await mesh.cli(
      'model',
      'export',
      'whole',
      '--format',
      'safetensors',
      '--type',
      'q8_0',
      '--output',
      output,
    );
    expect(typed.stderr).toContain('a type for gguf');
    const nowhere = await mesh.cli('model', 'export', 'whole', '--output', join(scratch, 'not', 'there'));
    expect(nowhere).toMatchObject({ code: 1, stdout: '' });
    expect(nowhere.stderr).toContain(`expected the folder ${join(scratch, 'not')} but it is not there`);
    const taken = await mesh.cli('model', 'export', 'whole', '--output', scratch);
    expect(taken.stderr).toContain('expected a new folder');
    expect(existsSync(output)).toBe(false);
  });
});

describe('an adapter that the mesh trained', () => {
  let adapter: string;
  let answers: number[];
  beforeAll(async () => {
    const client = clientOf(mesh);
    const job = await client.fineTuning.jobs.create({
      model: 'whole',
      training_file: await upload(client, rows(12)),
      seed: 3,
      method: {
        type: 'supervised',
        supervised: { hyperparameters: { n_epochs: 2, batch_size: 4, method: 'lora' } as object },
      },
    });
    const { status, error, fine_tuned_model: model } = await ended(client, job.id);
    expect({ status, error: error?.message ?? null }).toEqual({ status: 'succeeded', error: null });
    adapter = String(model);
    answers = await logProbsOf(adapter);
    expect(
      Math.max(...(await logProbsOf('whole')).map((value, i) => Math.abs(value - (answers[i] as number)))),
    ).toBeGreaterThan(1e-3);
  });

  it.each([
    [['--format', 'gguf', '--type', 'f16'], 'model.gguf', 0.1],
    [['--format', 'safetensors'], '', 1e-3],
  ])('answers the same when it is exported with %j and imported as a model', async (wish, file, bound) => {
    const output = join(scratch, `merged-${wish[1]}`);
    await exported(adapter, wish, output);
    await importModel(join(output, file), `merged-${wish[1]}`);
    expectClose(await logProbsOf(`merged-${wish[1]}`), answers, bound);
  });

  it('goes out as the folder that PEFT opens, for the base that it was trained on', async () => {
    const output = join(scratch, 'adapter-peft');
    await exported(adapter, ['--format', 'peft'], output);
    expect(readdirSync(output)).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']));
    const model = loadModel(whole);
    loadAdapter(output, model).free();
    model.free();
  });
});

describe('an export over its bound', () => {
  it('is refused with both numbers and leaves nothing behind', async () => {
    // Embeddings of forty times their size make logits that four bits cannot tell apart.
    const folder = await writeRandomModel(join(scratch, 'loud'), { seed: 8 });
    const path = join(folder, 'model.safetensors');
    const file = new SafetensorsFile(fileSource(path));
    const tensors = [...file.tensors].map(([name, { shape }]) => {
      const factor = name.includes('embed_tokens') ? 40 : 1;
      return [name, { dtype: 'F32' as const, shape, data: file.floats(name).map((value) => value * factor) }] as const;
    });
    file.close();
    writeSafetensors(path, new Map(tensors), { format: 'pt' });
    await importModel(folder, 'loud');
    const output = join(scratch, 'loud-out');
    const refused = await mesh.cli('model', 'export', 'loud', '--format', 'gguf', '--type', 'q4_0', '--output', output);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/within 10 .* differs by .* fix: export a wider type/s);
    expect(readdirSync(scratch).filter((name) => name.startsWith('loud-out'))).toEqual([]);
    // The trainer writes exports in folders of this name.
    const left = readdirSync(mesh.home, { recursive: true }).map(String);
    const folders = left.filter((name) => /(^|\/)exports$/.test(name));
    expect(folders).toHaveLength(1);
    expect(readdirSync(join(mesh.home, folders[0] as string))).toEqual([]);
    expect(left.filter((name) => name.endsWith('.partial'))).toEqual([]);
  });
});
