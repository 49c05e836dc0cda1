// Goal: a full disk refuses work in words, leaves nothing half-written, and everything goes on when there is room again. Method:
// a whole mesh whose objects, and then another whose bus and scratch too, lie on a small file system; needs root to mount one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliResult, startWholeMesh, until, type WholeMesh } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type OpenAI from 'openai';
import { clientOf, ended, eventsOf, modelsOf, rows, stepReached, upload } from './fine-tuning.js';

jest.setTimeout(240_000);

const folder = mkdtempSync(join(tmpdir(), 'hone-disk-'));
const disk = join(folder, 'objects-only');
const wholeDisk = join(folder, 'everything');
const canMount = [disk, wholeDisk].every((place) => {
  mkdirSync(place);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', place]).status === 0;
});
const describeWithDisk = canMount ? describe : describe.skip;
if (!canMount) process.stdout.write('full disk: skipped, a small file system can be mounted by root only\n');

const filler = join(disk, 'filler');
let mesh: WholeMesh;
let client: OpenAI;

async function startOnSmallDisk(): Promise<void> {
  mesh = await startWholeMesh({ environment: { HONE_STORE: `directory:${join(disk, 'objects')}` } });
  client = clientOf(mesh, 0);
}

afterAll(() => {
  for (const place of [disk, wholeDisk]) spawnSync('umount', ['-l', place]);
  rmSync(folder, { recursive: true, force: true });
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
const createJob = (training_file: string, n_epochs: number, of = client) =>
  of.fineTuning.jobs.create({
    model: 'hone-tiny',
    training_file,
    seed: 1,
    method: {
      type: 'supervised',
      supervised: { hyperparameters: { n_epochs, batch_size: 4, save_steps: 8 } as object },
    },
  });

describeWithDisk('a full disk', () => {
  beforeAll(startOnSmallDisk);
  afterAll(() => mesh?.stop());

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

describeWithDisk('a full disk under the bus', () => {
  let whole: WholeMesh;
  let user: OpenAI;
  const filling = join(wholeDisk, 'filler');

  beforeAll(async () => {
    whole = await startWholeMesh({ folder: wholeDisk });
    user = clientOf(whole, 0);
  });
  afterAll(() => whole?.stop());

  it('is named by every command, and when there is room the mesh goes on by itself and the job finishes once', async () => {
    const { id } = await createJob(await upload(user, rows(64)), 8, user);
    await until(async () => (await stepReached(user, id)) >= 6, 60_000);
    const restarts = whole.process('nats-server').restarts;
    // The trainer's own tidying makes room at first, so the disk is filled until the bus cannot go on.
    let list: CliResult | undefined;
    await until(async () => {
      spawnSync('dd', ['if=/dev/zero', `of=${filling}`, 'bs=4k', 'oflag=append', 'conv=notrunc']);
      list = await whole.cli('jobs', 'list');
      return list.code !== 0;
    }, 60_000);
    expect(list).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringMatching(/expected at least 8 MiB free .* fix: free some space/),
    });
    const status = await whole.cli('status', '--json');
    expect(status.code).toBe(5);
    expect(JSON.parse(status.stdout)).toMatchObject({ status: 'degraded', trouble: expect.stringMatching('MiB free') });
    rmSync(filling);
    await whole.whenReady('nats-server', restarts + 1);
    const job = await ended(user, id);
    expect(job).toMatchObject({ status: 'succeeded', error: null });
    expect(await modelsOf(user, id)).toEqual([job.fine_tuned_model]);
    const events = await eventsOf(user, id);
    expect(events.filter(({ message }) => message.includes('successfully completed'))).toHaveLength(1);
    expect(JSON.parse((await whole.cli('status', '--json')).stdout)).toMatchObject({ status: 'up', trouble: null });
  });
});
