// Goal: a trainer that is killed outright goes on where it was, and nobody can tell from the adapter. Method: the same job twice
// on a whole mesh, once left alone and once with kill -9 at random steps; HONE_TEST_SEED repeats a run.
import { seeded } from '@hone/base';
import { startWholeMesh, until, type WholeMesh } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type OpenAI from 'openai';
import {
  clientOf,
  digestOfFile,
  ended,
  eventsOf,
  filesOf,
  type Job,
  modelsOf,
  objectPath,
  rows,
  stepReached,
  stepsOf,
  upload,
} from './fine-tuning.js';

jest.setTimeout(400_000);

const seed = Number(process.env['HONE_TEST_SEED'] ?? 20_261_122);
const kills = 3;
const hyperparameters = { n_epochs: 10, batch_size: 4, save_steps: 9, save_total_limit: 2, lora_dropout: 0.1 };
/** 64 rows in batches of four, ten times. */
const totalSteps = 160;

let mesh: WholeMesh;
let client: OpenAI;
let alone: Job;
let killed: Job;
const killedAt: number[] = [];

beforeAll(async () => {
  mesh = await startWholeMesh();
  client = clientOf(mesh);
  const create = {
    model: 'hone-tiny',
    training_file: await upload(client, rows(64)),
    validation_file: await upload(client, rows(72).split('\n').slice(64).join('\n')),
    seed: 5,
    method: { type: 'supervised' as const, supervised: { hyperparameters } },
  };
  alone = await ended(client, (await client.fineTuning.jobs.create(create)).id);
  const { id } = await client.fineTuning.jobs.create(create);
  const random = seeded(seed, 'trainer-kill');
  for (let kill = 0; kill < kills; kill++) {
    const target = Math.floor((totalSteps * 0.8 * (kill + random())) / kills);
    // The run must have been taken up again: a kill of an idle trainer proves little.
    await until(async () => (await attempts(id)) > kill && (await stepReached(client, id)) >= target, 120_000);
    killedAt.push(target);
    await mesh.kill('trainer');
  }
  process.stdout.write(`trainer killed from steps ${killedAt.join(', ')} on, HONE_TEST_SEED=${seed}\n`);
  killed = await ended(client, id);
});

afterAll(async () => mesh?.stop());

const attempts = async (id: string): Promise<number> =>
  (await eventsOf(client, id)).filter(({ message }) => /job (started|resumed)/.test(message)).length;

describe(`a trainer killed ${kills} times with kill -9`, () => {
  it('finishes its job', () => {
    expect(alone).toMatchObject({ status: 'succeeded', error: null });
    expect(killed).toMatchObject({ status: 'succeeded', error: null });
    expect(mesh.process('trainer').restarts).toBe(kills);
  });

  it('makes the same adapter to the bit as one that was left alone', async () => {
    const [expected, received] = [
      await filesOf(mesh, String(alone.fine_tuned_model)),
      await filesOf(mesh, String(killed.fine_tuned_model)),
    ];
    expect(expected['adapter_model.safetensors']).toMatch(/^sha256:/);
    expect(received).toEqual(expected);
    const digest = String(received['adapter_model.safetensors']);
    expect(digestOfFile(objectPath(mesh, digest))).toBe(digest);
  });

  it('tells the same loss for every step, and where it was resumed', async () => {
    const [expected, events] = [await eventsOf(client, alone.id), await eventsOf(client, killed.id)];
    expect(stepsOf(events)).toEqual(stepsOf(expected));
    expect(stepsOf(events).at(-1)?.step).toBe(totalSteps);
    const resumed = events.filter(({ message }) => /resumed from step \d+/.test(message));
    expect(resumed.length).toBeGreaterThan(0);
    const checkpoints = events.filter(({ message }) => message.startsWith('Checkpoint created'));
    expect(new Set(checkpoints.map(({ message }) => message)).size).toBe(checkpoints.length);
  });

  it('registers one adapter and says once that it succeeded', async () => {
    expect(await modelsOf(client, killed.id)).toEqual([killed.fine_tuned_model]);
    const events = await eventsOf(client, killed.id);
    expect(events.filter(({ message }) => message.includes('successfully completed'))).toHaveLength(1);
  });
});
