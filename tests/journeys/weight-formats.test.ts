// Goal: a model goes out as other people's files and comes back in from them, over the CLI and a whole mesh, and answers as before.
// Method: a random model, exported as GGUF and as safetensors; each export is imported under a new name and asked the same.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWholeMesh, type WholeMesh, writeRandomModel } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ExportObject } from '@hone/contracts';
import type { Completion } from 'openai/resources/completions';

jest.setTimeout(240_000);

const scratch = mkdtempSync(join(tmpdir(), 'hone-formats-'));
let mesh: WholeMesh;

beforeAll(async () => {
  mesh = await startWholeMesh({ isBare: true });
  const folder = await writeRandomModel(join(scratch, 'whole'), { seed: 7 });
  expect(await mesh.cli('model', 'import', folder, '--name', 'whole')).toMatchObject({ code: 0, stderr: '' });
});

afterAll(async () => {
  await mesh?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

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
    const { code, stdout, stderr } = await mesh.cli('model', 'export', 'whole', ...wish, '--output', output, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const made = JSON.parse(stdout) as ExportObject;
    expect(made.certificate?.max_difference).toBeLessThanOrEqual(made.certificate?.bound.max as number);
    expect(readdirSync(output).sort()).toEqual(made.files.map(({ path }) => path).sort());
    const again = await mesh.cli('model', 'import', join(output, file), '--name', `again-${wish[1]}`);
    expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' });
    const [before, after] = [await logProbsOf('whole'), await logProbsOf(`again-${wish[1]}`)];
    expect(after.length).toBe(before.length);
    expect(before.length).toBeGreaterThan(4);
    after.forEach((value, i) => expect(Math.abs(value - (before[i] as number))).toBeLessThan(bound));
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
    const taken = await mesh.cli('model', 'export', 'whole', '--output', scratch);
    expect(taken.stderr).toContain('expected a new folder');
    expect(existsSync(output)).toBe(false);
  });
});
