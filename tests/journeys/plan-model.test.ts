// Goal: a model is planned by its name as its folder is, before anything of it is loaded. Method: a random model in shards is imported
// into a whole mesh and planned over the CLI by name and by folder, an adapter and an alias by name; what cannot be is refused by field.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliResult, runCli, shardModel, startWholeMesh, type WholeMesh, writeRandomModel } from '@hone/testkit';
import type { PlanObject } from '@hone/contracts';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { clientOf, ended, rows, upload } from '../faults/fine-tuning.js';

jest.setTimeout(240_000);

const scratch = mkdtempSync(join(tmpdir(), 'hone-plans-'));
let mesh: WholeMesh;
let folder: string;

beforeAll(async () => {
  mesh = await startWholeMesh({ isBare: true });
  folder = await shardModel(await writeRandomModel(join(scratch, 'whole'), { seed: 7 }), join(scratch, 'sharded'));
  expect(await mesh.cli('model', 'import', folder, '--name', 'mine')).toMatchObject({ code: 0, stderr: '' });
});

afterAll(async () => {
  await mesh?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const planned = (model: string, ...more: string[]): Promise<CliResult> =>
  mesh.cli('plan', '--model', model, '--length', '32', ...more);
const asked = async (body: object): Promise<{ status: number; value: PlanObject & { error: { param?: string } } }> => {
  const response = await mesh.call('POST', '/v1/plans', body);
  return { status: response.status, value: (await response.json()) as never };
};

describe('the plan of a model of the registry', () => {
  it.each([
    [['--memory', '2GB']],
    [['--memory', '2GB', '--json']],
    [['--memory', '2GB', '--method', 'full', '--batch', '4', '--accumulation', '2', '--json']],
    [['--memory', '2GB', '--method', 'lora', '--set', 'r=4', '--json']],
    [['--memory', '2GB', '--serve', '3', '--format', 'bf16', '--head', 'int8', '--json']],
    [['--memory', '2GB', '--serve', '3']],
    [['--memory', '1KB', '--serve', '3']],
    [['--memory', '1KB']],
    [['--memory', '1KB', '--json']],
  ])('is that of its folder: %j', async (options) => {
    const ofFolder = await planned(folder, ...options);
    expect(await planned('mine', ...options)).toEqual({
      ...ofFolder,
      stderr: expect.stringContaining(ofFolder.stderr.trim().split('\n')[0] ?? ''),
    });
    expect(ofFolder.code).toBe(options.includes('1KB') ? 1 : 0);
  });

  it('keeps of plain weights the headers alone', async () => {
    expect((await planned('mine', '--memory', '2GB')).code).toBe(0);
    const plans = join(mesh.home, 'trainer/plans');
    const own = join(plans, readdirSync(plans)[0] as string);
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.safetensors'))) {
      expect(statSync(join(own, name)).size).toBe(statSync(join(folder, name)).size);
    }
    expect(existsSync(join(mesh.home, 'trainer/bases'))).toBe(false);
  });

  it('is made of a GGUF file too, whose metadata hold its config', async () => {
    const output = join(scratch, 'gguf');
    expect((await mesh.cli('model', 'export', 'mine', '--format', 'gguf', '--output', output)).code).toBe(0);
    expect((await mesh.cli('model', 'import', join(output, 'model.gguf'), '--name', 'packed')).code).toBe(0);
    const options = ['--memory', '2GB', '--serve', '3', '--format', 'bf16', '--json'];
    expect(await planned('packed', ...options)).toEqual(await planned('mine', ...options));
  });

  it('is limited by what the machine of the trainer has free', async () => {
    const { value } = await asked({ model: 'mine', length: 32 });
    expect(value.plan?.limitBytes).toBeGreaterThan(0);
  });
});

describe('a plan that cannot be made', () => {
  it.each([
    [{ model: 'nobody' }, 404, 'model'],
    [{ model: 'not a name' }, 404, 'model'],
    [{ model: 'mine', method: 'foo' }, 400, 'method'],
    [{ model: 'mine', batch: 0 }, 400, 'batch'],
    [{ model: 'mine', batch: 1e9 }, 400, 'per_device_train_batch_size'],
    [{ model: 'mine', length: 1e300 }, 400, 'length'],
    [{ model: 'mine', serve: 2, method: 'lora' }, 400, 'method'],
    [{ model: 'mine', format: 'bf16' }, 400, 'format'],
    [{ model: 'mine', serve: 1e9 }, 400, 'sequences'],
    [{ model: 'mine', hyperparameters: { nonsense: 1 } }, 400, 'nonsense'],
  ])('is refused by its field: %j', async (body, status, param) => {
    const answer = await asked({ length: 32, ...body });
    expect([answer.status, answer.value.error?.param]).toEqual([status, param]);
  });

  it('ends the command with what to do', async () => {
    expect(await planned('nobody')).toMatchObject({ code: 3, stderr: expect.stringContaining('nobody') });
    expect(await planned('./nowhere')).toMatchObject({ code: 3, stderr: expect.stringContaining('./nowhere') });
    const { code, stderr } = await runCli(['plan', '--model', 'mine'], { HONE_HOME: join(scratch, 'no-mesh') });
    expect([code, stderr]).toEqual([5, expect.stringMatching(/npx hone up .* or give its folder/)]);
    const wrong = await planned('mine', '--method', 'foo');
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('expected qlora, lora or full for --method'),
    ]);
  });
});

describe('a fine-tuned model', () => {
  it.each(['lora', 'full'])('of method %s is planned by its id', async (method) => {
    const client = clientOf(mesh);
    const { id } = await client.fineTuning.jobs.create({
      model: 'mine',
      training_file: await upload(client, rows(8)),
      hyperparameters: {
        method,
        max_steps: 1,
        ...(method === 'lora' ? { r: 4, target_modules: ['q_proj'] } : {}),
      } as never,
    });
    const job = await ended(client, id);
    expect(job.status).toBe('succeeded');
    const ofBase = await planned('mine', '--memory', '2GB', '--json');
    expect(await planned(job.fine_tuned_model as string, '--memory', '2GB', '--json')).toEqual(ofBase);
  });
});
