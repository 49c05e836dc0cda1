import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtifactFile, type ArtifactStore, materialize } from '@hone/artifacts';
import { quantizationOf } from '@hone/base';
import { folderNameOf } from '../domain/folder-name.js';

/**
 * What planning reads of a model, as a folder of this machine. Of plain weights that is their headers: each file has its full length
 * and nothing behind its header, so it takes no room on the disk. GGUF files and quantised weights keep facts among their numbers
 * and come whole, to where a job on the same base looks for them.
 */
export async function planningFolder(
  store: ArtifactStore,
  scratch: string,
  files: readonly ArtifactFile[],
  digest: string,
  signal: AbortSignal,
): Promise<string> {
  if (!(await isPlain(store, files))) {
    const whole = join(scratch, 'bases', folderNameOf(digest));
    await materialize(store, files, whole);
    return whole;
  }
  const folder = join(scratch, 'plans', folderNameOf(digest));
  await mkdir(folder, { recursive: true });
  await materialize(
    store,
    files.filter(({ path }) => path.endsWith('.json')),
    folder,
  );
  for (const file of files) if (isSafetensors(file)) await outline(store, file, join(folder, file.path), signal);
  return folder;
}

const isSafetensors = ({ path }: ArtifactFile): boolean => /^[\w.-]+\.safetensors$/.test(path);

async function isPlain(store: ArtifactStore, files: readonly ArtifactFile[]): Promise<boolean> {
  const config = files.find(({ path }) => path === 'config.json');
  if (!config || !files.some(isSafetensors)) return false;
  const fields = JSON.parse(new TextDecoder().decode(await store.get(config.digest))) as Record<string, unknown>;
  return quantizationOf(fields) === undefined;
}

/** The header of a safetensors file (its length in 8 bytes, then JSON), and a hole; the whole object proves its digest on the way. */
async function outline(
  store: ArtifactStore,
  { digest, bytes }: ArtifactFile,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await stat(path).catch(() => undefined))?.size === bytes) return;
  const draft = `${path}.${randomUUID()}.draft`;
  const file = await open(draft, 'wx');
  try {
    const length = Buffer.alloc(8);
    let [at, end] = [0, 8];
    for await (const chunk of store.stream(digest)) {
      signal.throwIfAborted();
      if (at < 8) {
        length.set(chunk.subarray(0, 8 - at), at);
        if (at + chunk.length >= 8) end = 8 + Number(length.readBigUInt64LE());
      }
      if (at < end) await file.writeFile(chunk.subarray(0, end - at));
      at += chunk.length;
    }
    await file.truncate(bytes);
    await file.close();
    await rename(draft, path);
  } catch (thrown) {
    await file.close();
    await rm(draft, { force: true });
    throw thrown;
  }
}
