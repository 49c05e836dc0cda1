// Goal: the three drivers keep one promise. The same suite runs on each; MinIO is skipped visibly where no server was built.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf, digestOfBytes } from '@hone/base';
import { type Minio, minioPath, startMinio } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { collect } from './collect.js';
import type { Driver } from './driver.js';
import { DirectoryDriver } from './drivers/directory.js';
import { MemoryDriver } from './drivers/memory.js';
import { materialize, putFile } from './materialize.js';
import { S3Driver } from './drivers/s3.js';
import { ArtifactStore, keyOf } from './store.js';

const scratch: string[] = [];
const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'hone-artifacts-'));
  scratch.push(path);
  return path;
};
let minio: Minio | undefined;
const drivers: Record<string, { isPresent: boolean; make(): Promise<Driver> }> = {
  memory: { isPresent: true, make: async () => new MemoryDriver() },
  directory: { isPresent: true, make: async () => new DirectoryDriver(await folder()) },
  s3: {
    isPresent: minioPath() !== undefined,
    make: async () => {
      minio ??= await startMinio();
      const driver = new S3Driver({ ...minio, bucket: 'hone', prefix: 'house-a' });
      await driver.ensureBucket();
      return driver;
    },
  },
};

afterAll(async () => {
  await minio?.stop();
  for (const path of scratch) await rm(path, { recursive: true, force: true });
});

for (const [name, { isPresent, make }] of Object.entries(drivers)) {
  const suite = isPresent ? describe : describe.skip;
  suite(
    `artifact store on ${name}${isPresent ? '' : ' (skipped: no MinIO server; sh tools/minio.sh builds one)'}`,
    () => {
      let driver: Driver;
      let store: ArtifactStore;

      beforeAll(async () => {
        driver = await make();
        store = new ArtifactStore(driver);
      });
      afterAll(() => store.close());

      it('returns what was put, under the sha256 of its bytes', async () => {
        const bytes = randomBytes(200_000);
        const stored = await store.put(bytes);
        expect(stored).toEqual({ digest: digestOfBytes(bytes), bytes: 200_000 });
        expect(Buffer.from(await store.get(stored.digest)).equals(bytes)).toBe(true);
        expect([await store.has(stored.digest), await store.bytesOf(stored.digest)]).toEqual([true, 200_000]);
      });

      it('keeps nothing, text and a stream of pieces', async () => {
        const pieces = async function* () {
          const reused = Buffer.from('aa');
          yield reused;
          // A producer may overwrite its buffer after the store took the piece.
          reused.fill('b');
          yield reused;
        };
        for (const [source, text] of [
          ['', ''],
          ['déjà', 'déjà'],
          [pieces(), 'aabb'],
        ] as const) {
          const { digest } = await store.put(source);
          expect(new TextDecoder().decode(await store.get(digest))).toBe(text);
        }
      });

      it('keeps an object larger than one part and streams it back', async () => {
        const block = randomBytes(1024 * 1024);
        const blocks = function* () {
          for (let count = 0; count < 36; count++) yield block;
        };
        const { digest, bytes } = await store.put(blocks());
        let seen = 0;
        for await (const chunk of store.stream(digest)) seen += chunk.byteLength;
        expect([bytes, seen]).toEqual([36 * 1024 * 1024, 36 * 1024 * 1024]);
      });

      it('has one object for equal bytes, also when many put them at once', async () => {
        const before = await listed(store);
        const all = await Promise.all(Array.from({ length: 12 }, () => store.put('the same bytes')));
        expect(new Set(all.map(({ digest }) => digest)).size).toBe(1);
        expect((await listed(store)).length).toBe(before.length + 1);
      });

      it('leaves nothing behind when a source fails half way', async () => {
        const before = await listed(store);
        const broken = async function* () {
          yield Buffer.from('half');
          throw new Error('the client left');
        };
        await expect(store.put(broken())).rejects.toThrow('the client left');
        expect(await listed(store)).toEqual(before);
      });

      it('names the digest that is missing', async () => {
        const digest = digestOfBytes('never put');
        await expect(store.get(digest)).rejects.toMatchObject({
          code: 'artifact_missing',
          message: expect.stringContaining(digest),
        });
        expect(await store.has(digest)).toBe(false);
      });

      it('writes a manifest as canonical JSON and reads it through its schema', async () => {
        const digest = await store.putManifest({ b: 1, a: [1, 2] });
        expect(digest).toBe(digestOf({ a: [1, 2], b: 1 }));
        expect(await store.getManifest(digest, z.object({ a: z.array(z.int()), b: z.int() }))).toEqual({
          a: [1, 2],
          b: 1,
        });
        await expect(store.getManifest(digest, z.object({ a: z.string() }))).rejects.toMatchObject({
          code: 'not_a_manifest',
        });
      });

      it('refuses a corrupted object and names its digest', async () => {
        const { digest } = await store.put('the truth');
        const draft = await driver.begin();
        await draft.write(Buffer.from('a lie!!!!'));
        await driver.delete(keyOf(digest));
        await draft.keep(keyOf(digest));
        const given: Uint8Array[] = [];
        const read = async (): Promise<void> => {
          for await (const chunk of store.stream(digest)) given.push(chunk);
        };
        await expect(read()).rejects.toMatchObject({ code: 'artifact_corrupt' });
        expect(given).toEqual([]);
        await expect(store.get(digest)).rejects.toMatchObject({
          code: 'artifact_corrupt',
          message: expect.stringContaining(digest),
        });
      });

      it('brings files to a local folder, repairs a damaged one and leaves paths that escape alone', async () => {
        const source = await folder();
        const target = await folder();
        await writeFile(join(source, 'w'), randomBytes(3_000_000));
        await expect(putFile(store, join(source, 'gone'), 'gone')).rejects.toMatchObject({ code: 'ENOENT' });
        const config = { ...(await store.put('{}')), path: 'config.json' };
        const files = [await putFile(store, join(source, 'w'), 'model/w.safetensors'), config];
        const paths = await materialize(store, files, target);
        expect(
          (await readFile(paths.get('model/w.safetensors') as string)).equals(await readFile(join(source, 'w'))),
        ).toBe(true);
        await writeFile(paths.get('config.json') as string, '{"damaged":true}');
        await materialize(store, files, target);
        expect(await readFile(join(target, 'config.json'), 'utf8')).toBe('{}');
        expect((await readdir(target, { recursive: true })).sort()).toEqual([
          'config.json',
          'model',
          'model/w.safetensors',
        ]);
        for (const path of ['../x', '/etc/x', 'a/../../x', 'a\\b', '', 'C:/x', 'a//b', 'a\0b']) {
          await expect(materialize(store, [{ ...config, path }], target)).rejects.toMatchObject({
            code: 'unsafe_path',
          });
        }
      });

      it('collects what no root reaches, after the grace time, and first says what it would do', async () => {
        const leaf = await store.put('leaf of the tree');
        const root = await store.putManifest({ kind: 'dataset', chunks: [{ digest: leaf.digest }] });
        const orphan = await store.put('orphan');
        const later = Date.now() + 3_600_000;
        const young = await collect(store, { roots: [root], graceMs: 3_600_000, isDryRun: false });
        expect(young.deleted).toEqual([]);
        const dry = await collect(store, { roots: [root], graceMs: 60_000, isDryRun: true, now: later });
        expect(dry.deleted.map(({ digest }) => digest)).toContain(orphan.digest);
        expect(await store.has(orphan.digest)).toBe(true);
        await collect(store, { roots: [root], graceMs: 60_000, isDryRun: false, now: later });
        expect((await listed(store)).sort()).toEqual([leaf.digest, root].sort());
      });
    },
  );
}

async function listed(store: ArtifactStore): Promise<Digest[]> {
  const digests: Digest[] = [];
  for await (const { digest } of store.list()) digests.push(digest);
  return digests;
}
