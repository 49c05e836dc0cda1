// Goal: a full disk refuses work in words, leaves nothing half-written, and everything goes on when there is room again. Method:
// a whole mesh whose objects lie on a small file system of its own; needs root to mount one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWholeMesh, until, type WholeMesh } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type OpenAI from 'openai';
import { clientOf, ended, eventsOf, modelsOf, rows, stepReached, upload } from './fine-tuning.js';

jest.setTimeout(240_000);

const disk = mkdtempSync(join(tmpdir(), 'hone-disk-'));
const canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', disk]).status === 0;
const describeWithDisk = canMount ? describe : describe.skip;
if (!canMount) process.stdout.write('full disk: skipped, a small file system can be mounted by root only\n');

const filler = join(disk, 'filler');
let mesh: WholeMesh;
let client: OpenAI;

beforeAll(async () => {
  if (!canMount) return;
  mesh = await startWholeMesh({ environment: { HONE_STORE: `directory:${join(disk, 'objects')}` } });
  client = clientOf(mesh, 0);
});

afterAll(async () => {
  await mesh?.stop();
  if (canMount) spawnSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** Takes all room but a little; somebody else who writes at the same time may take the rest. */
function fill(): void {
  const { bavail, bsize } = statfsSync(disk);
  try {
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 64 * 1024)));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
  }
}

const makeRoom = (): void => rmSync(filler, { force: true });
const drafts = (): string[] => readdirSync(join(disk, 'objects/drafts'));
const createJob = (training_file: string, n_epochs: number) =>
  client.fineTuning.jobs.create({
    model: 'hone-tiny',
    training_file,
    seed: 1,
    method: {
      type: 'supervised',
      supervised: { hyperparameters: { n_epochs, batch_size: 4, save_steps: 8 } as object },
    },
  });

describeWithDisk('a full disk', () => {
  it('refuses an upload in words and leaves nothing of it', async () => {
    const big = rows(20_000);
    fill();
    const files = (await client.files.list()).data.length;
    const refusal = (await upload(client, big).catch((thrown: unknown) => thrown)) as {
      status: number;
      message: string;
    };
    expect(refusal.status).toBeGreaterThanOrEqual(500);
    expect(refusal.message).toMatch(/space|disk|full/i);
    expect(drafts()).toEqual([]);
    expect((await client.files.list()).data).toHaveLength(files);
    const chat = { model: 'hone-tiny', messages: [{ role: 'user' as const, content: 'hello' }], max_tokens: 4 };
    expect((await client.chat.completions.create({ ...chat, store: false })).choices).toHaveLength(1);
    makeRoom();
    expect(await upload(client, big)).toMatch(/^file-/);
  });

  it('in the middle of a job delays it, and it finishes once when there is room', async () => {
    const { id } = await createJob(await upload(client, rows(32)), 6);
    await until(async () => (await stepReached(client, id)) >= 6, 60_000);
    fill();
    const log = () => spawnSync('cat', [join(mesh.home, 'logs/trainer.log')], { encoding: 'utf8' }).stdout;
    await until(() => /no space|ENOSPC|disk/i.test(log()), 60_000);
    makeRoom();
    const job = await ended(client, id);
    expect(job).toMatchObject({ status: 'succeeded', error: null });
    expect(await modelsOf(client, id)).toEqual([job.fine_tuned_model]);
    const events = await eventsOf(client, id);
    expect(events.filter(({ message }) => message.includes('successfully completed'))).toHaveLength(1);
    expect(drafts()).toEqual([]);
  });
});
