// Goal: the thread count changes the speed, never a bit: every kernel splits its outputs among the threads, no sum. Method: child
// processes with one and with two threads train and serve the same model with the built packages; the digests must be equal.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeRandomAdapter, writeRandomModel } from '@hone/testkit';

const folder = mkdtempSync(join(tmpdir(), 'hone-threads-'));
const models = { llama: {}, mixture: { experts: 8 } };
const filesOf = (model: string) => [join(folder, model), join(folder, `${model}-adapter`)] as const;

beforeAll(async () => {
  for (const [name, options] of Object.entries(models)) {
    const [model, adapter] = filesOf(name);
    await writeRandomModel(model, { seed: 8, hiddenSize: 256, layers: 2, contextLength: 160, ...options });
    await writeRandomAdapter(model, adapter, 41);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = join(import.meta.dirname, 'digest-of-a-run.mjs');
const digests = (model: string, threads: number): Record<string, string> =>
  JSON.parse(
    execFileSync(process.execPath, [program, ...filesOf(model)], {
      encoding: 'utf8',
      env: { ...process.env, HONE_THREADS: `${threads}` },
    }),
  ) as Record<string, string>;

const title = 'one and two threads give the same losses, gradients, weights and answers to the bit, in every format';

it.each(Object.keys(models))(`${title}: %s`, (model) => {
  const [one, two] = [digests(model, 1), digests(model, 2)];
  expect(one).toMatchObject({ threads: '1' });
  expect(two).toMatchObject({ threads: '2' });
  expect({ ...two, threads: '' }).toEqual({ ...one, threads: '' });
  expect(digests(model, 2)).toEqual(two);
});
