// Goal: what lies on a disk is never trusted: flipped bits, cut files, swapped files, a full disk, and what a crash left behind.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, seeded } from '@hone/base';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DirectoryDriver } from './drivers/directory.js';
import { ArtifactStore, keyOf } from './store.js';

const seed = 20_261_122;

describe(`directory store under faults (seed ${seed})`, () => {
  let folder: string;
  let store: ArtifactStore;
  let digest: Digest;
  let path: string;
  let bytes: Buffer;
  const random = seeded(seed, 'directory-faults');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hone-faults-'));
    store = new ArtifactStore(new DirectoryDriver(folder));
    bytes = Buffer.from(Array.from({ length: 50_000 }, () => Math.floor(random() * 256)));
    ({ digest } = await store.put(bytes));
    path = join(folder, 'objects', keyOf(digest));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('refuses an object with one flipped bit, wherever it is', async () => {
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const damaged = Buffer.from(bytes);
      const at = Math.floor(random() * damaged.length);
      damaged[at] = (damaged[at] as number) ^ (1 << Math.floor(random() * 8));
      await writeFile(path, damaged);
      await expect(store.get(digest)).rejects.toMatchObject({ code: 'artifact_corrupt', details: { digest } });
      refused++;
    }
    await writeFile(path, bytes);
    expect(refused).toBe(200);
    expect((await store.get(digest)).byteLength).toBe(bytes.length);
  });

  it('refuses an object that was cut or exchanged for another', async () => {
    for (let round = 0; round < 50; round++) {
      await truncate(path, Math.floor(random() * bytes.length));
      await expect(store.get(digest)).rejects.toMatchObject({ code: 'artifact_corrupt' });
      await writeFile(path, bytes);
    }
    const other = await store.put('another object');
    const otherPath = join(folder, 'objects', keyOf(other.digest));
    await rename(path, `${path}.kept`);
    await rename(otherPath, path);
    await expect(store.get(digest)).rejects.toMatchObject({
      code: 'artifact_corrupt',
      details: { found: other.digest },
    });
    await rename(`${path}.kept`, path);
  });

  it('heals a damaged object when the same bytes are put again', async () => {
    await writeFile(path, 'damaged');
    await store.put(bytes);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it('leaves no draft after a failed put, and sweeps those of a crashed process when they are old', async () => {
    const drafts = join(folder, 'drafts');
    const broken = async function* () {
      yield bytes;
      throw new Error('cut');
    };
    await expect(store.put(broken())).rejects.toThrow('cut');
    expect(await readdir(drafts)).toEqual([]);
    await writeFile(join(drafts, 'left-behind'), 'half');
    await writeFile(join(drafts, 'being-written'), 'half');
    const hourAgo = Date.now() / 1000 - 3600;
    await utimes(join(drafts, 'left-behind'), hourAgo, hourAgo);
    expect(await store.sweepDrafts(60_000)).toBe(1);
    expect(await readdir(drafts)).toEqual(['being-written']);
  });

  const mount = mounted();
  (mount ? it : it.skip)(
    'says that the disk is full, keeps what was there, and works again when there is room',
    async () => {
      const place = mount as string;
      try {
        const small = new ArtifactStore(new DirectoryDriver(place));
        const kept = await small.put('kept');
        await expect(small.put(Buffer.alloc(8 * 1024 * 1024))).rejects.toMatchObject({
          code: 'store_full',
          kind: 'fault',
          status: 507,
          message: expect.stringContaining(`fix: free space in ${place}, then repeat`),
        });
        expect(new TextDecoder().decode(await small.get(kept.digest))).toBe('kept');
        expect(await readdir(join(place, 'drafts'))).toEqual([]);
        expect((await small.put(Buffer.alloc(1024 * 1024))).bytes).toBe(1024 * 1024);
      } finally {
        execFileSync('umount', [place]);
        await rm(place, { recursive: true, force: true });
      }
    },
  );
});

/** A disk of four MiB in memory, where this process may mount one. */
function mounted(): string | undefined {
  const place = join(tmpdir(), `hone-small-disk-${process.pid}`);
  try {
    execFileSync('mkdir', ['-p', place]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', place], { stdio: 'ignore' });
    return place;
  } catch {
    return undefined;
  }
}
