// Goal: the thread count changes the speed, never a bit: every kernel splits its outputs among the threads, no sum. Method: child
// processes with one and with two threads train and serve the same model with the built packages; the digests must be equal.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeRandomAdapter, writeRandomModel } from '@hone/testkit';

const folder = mkdtempSync(join(tmpdir(), 'hone-threads-'));
const [model, adapter] = [join(folder, 'model'), join(folder, 'adapter')];

beforeAll(async () => {
  await writeRandomModel(model, { seed: 8, hiddenSize: 256, layers: 2, contextLength: 160 });
  await writeRandomAdapter(model, adapter, 41);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = join(import.meta.dirname, 'digest-of-a-run.mjs');
const digests = (threads: number): Record<string, string> =>
  JSON.parse(
    execFileSync(process.execPath, [program, model, adapter], {
      encoding: 'utf8',
      env: { ...process.env, HONE_THREADS: `${threads}` },
    }),
  ) as Record<string, string>;

it('one and two threads give the same losses, gradients, weights and answers to the bit, in every format', () => {
  const [one, two] = [digests(1), digests(2)];
  expect(one).toMatchObject({ threads: '1' });
  expect(two).toMatchObject({ threads: '2' });
  expect({ ...two, threads: '' }).toEqual({ ...one, threads: '' });
  expect(digests(2)).toEqual(two);
});
