import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtifactFile, type ArtifactStore, putFile } from '@hone/artifacts';

/** Puts every file of a folder into the store, in the order of their names. */
export async function storeFolder(store: ArtifactStore, folder: string): Promise<ArtifactFile[]> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const files: ArtifactFile[] = [];
  for (const path of names) files.push(await putFile(store, path, path.slice(folder.length + 1)));
  return files;
}
