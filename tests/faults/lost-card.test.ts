// Goal: a trainer that may compute on its GPU alone does not burn its attempts when that is lost: a fresh process is tried once, which finds
// it back after a reset, and a second loss ends the job with the reason. Method: a whole mesh on the emulated card, which every process loses
// after so many kernels and copies: a short job ends within two processes, a long one does not.
import { emulatedCardEnvironment, startWholeMesh, type WholeMesh } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type OpenAI from 'openai';
import { clientOf, ended, eventsOf, type Job, rows, upload } from './fine-tuning.js';

jest.setTimeout(300_000);

const card = emulatedCardEnvironment();

(card ? describe : describe.skip)('a trainer whose GPU is lost, and that may use no other device', () => {
  let mesh: WholeMesh;
  let client: OpenAI;
  beforeAll(async () => {
    // A step over hone-tiny is some 900 pieces of work.
    const environment = {
      ...card,
      HONE_EMULATOR_LOST_AFTER: '2400',
      HONE_SERVING_WARM: 'false',
    };
    mesh = await startWholeMesh({ environment });
    client = clientOf(mesh);
  });
  afterAll(async () => mesh?.stop());

  async function run(steps: number): Promise<{ job: Job; told: string[] }> {
    const { id } = await client.fineTuning.jobs.create({
      model: 'hone-tiny',
      training_file: await upload(client, rows(4)),
      method: {
        type: 'supervised',
        supervised: { hyperparameters: { n_epochs: steps, batch_size: 4, save_steps: 1 } as never },
      },
    });
    const job = await ended(client, id);
    return { job, told: (await eventsOf(client, id)).map(({ message }) => message) };
  }
  const begun = (told: readonly string[]) => told.filter((message) => /job (started|resumed)/.test(message));

  it('goes on in a process of its own, from the last checkpoint', async () => {
    const { job, told } = await run(3);
    expect(job).toMatchObject({ status: 'succeeded', error: null });
    expect(begun(told)).toEqual([expect.any(String), expect.stringMatching(/resumed from step \d/)]);
    expect(told).toContainEqual(expect.stringMatching(/attempt ended and will be repeated .*the GPU was lost while/));
  });

  it('fails with the reason when it is lost again', async () => {
    const { job, told } = await run(8);
    expect(job.status).toBe('failed');
    expect(job.error).toMatchObject({ code: 'DEVICE_LOST', message: expect.stringContaining('was lost twice') });
    expect(begun(told)).toHaveLength(2);
  });
});
