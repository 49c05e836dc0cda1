// Goal: a model that was published in shards is served as if its weights were one file. Method: the same random weights are
// imported twice with the CLI, once whole and once in shards, into a whole mesh; equal weights must answer with equal numbers.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shardModel, startWholeMesh, type WholeMesh, writeRandomModel } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Completion } from 'openai/resources/completions';

jest.setTimeout(240_000);

const scratch = mkdtempSync(join(tmpdir(), 'hone-shards-'));
let mesh: WholeMesh;
let sharded: string;

beforeAll(async () => {
  mesh = await startWholeMesh({ isBare: true });
  const whole = await writeRandomModel(join(scratch, 'whole'), { seed: 7 });
  sharded = await shardModel(whole, join(scratch, 'sharded'));
  for (const [name, folder] of Object.entries({ whole, sharded })) {
    const { code, stderr } = await mesh.cli('model', 'import', folder, '--name', name);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  }
});

afterAll(async () => {
  await mesh?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

async function answerOf(model: string) {
  const asked = { model, prompt: 'Where is my parcel?', echo: true, logprobs: 3, max_tokens: 16, temperature: 0 };
  const response = await mesh.call('POST', '/v1/completions', asked);
  expect(response.status).toBe(200);
  const [choice] = ((await response.json()) as Completion).choices;
  return { text: choice?.text, logprobs: choice?.logprobs };
}

describe('a sharded model', () => {
  it('answers with the text and the log-probabilities of the same weights in one file', async () => {
    const answer = await answerOf('whole');
    expect(answer.logprobs?.token_logprobs?.length).toBeGreaterThan(16);
    expect(await answerOf('sharded')).toEqual(answer);
  });

  it('is refused by name when a shard is not there', async () => {
    rmSync(join(sharded, 'model-00002-of-00002.safetensors'));
    const { code, stderr } = await mesh.cli('model', 'import', sharded, '--name', 'broken');
    expect(code).not.toBe(0);
    expect(stderr).toContain('model-00002-of-00002.safetensors, which model.safetensors.index.json names');
  });
});
