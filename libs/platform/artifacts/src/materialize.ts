import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { type Digest, DigestStream, refusal } from '@hone/base';
import { errorCode, named } from './failure.js';
import type { ArtifactStore } from './store.js';

/** A file of a model, adapter or checkpoint as a manifest lists it. */
export interface ArtifactFile {
  path: string;
  digest: Digest;
  bytes: number;
}

/**
 * Brings files into a local folder, as native readers want them. A file that is there with the right digest is kept, any other
 * is fetched, verified and renamed into place, so that several processes may share the folder. Returns the paths by name.
 */
export async function materialize(
  store: ArtifactStore,
  files: readonly ArtifactFile[],
  folder: string,
): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for (const file of files) {
    const path = join(folder, safePath(file.path));
    if ((await digestOfFile(path)) !== file.digest) await fetch(store, file, path);
    paths.set(file.path, path);
  }
  return paths;
}

async function fetch(store: ArtifactStore, { digest }: ArtifactFile, path: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.draft`;
  await named(`folder ${dirname(path)}`, `fetching ${digest}`, async () => {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(draft, 'wx');
    try {
      for await (const chunk of store.stream(digest)) await file.writeFile(chunk);
      await file.sync();
    } catch (thrown) {
      await rm(draft, { force: true });
      throw thrown;
    } finally {
      await file.close();
    }
    await rename(draft, path);
  });
}

/** Stores a file of the disk. */
export async function putFile(store: ArtifactStore, path: string, name: string): Promise<ArtifactFile> {
  const { digest, bytes } = await store.put(bytesOfFile(path));
  return { path: name, digest, bytes };
}

/** Opened by its reader: the error of a stream that nobody reads yet would end the process. */
async function* bytesOfFile(path: string): AsyncGenerator<Uint8Array, void, void> {
  yield* createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>;
}

export async function digestOfFile(path: string): Promise<Digest | undefined> {
  const hash = new DigestStream();
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Uint8Array);
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  return hash.finish();
}

/** A manifest may come from elsewhere, so its paths may not leave the folder. */
function safePath(path: string): string {
  const isSafe =
    path !== '' &&
    !posix.isAbsolute(path) &&
    !/[\\\0:]/.test(path) &&
    path.split('/').every((step) => step !== '' && step !== '.' && step !== '..');
  if (isSafe) return path;
  throw refusal(
    'unsafe_path',
    "[artifacts] expected a relative path inside the folder for a manifest's file but received one that leaves it; fix: do not use this manifest",
  );
}
