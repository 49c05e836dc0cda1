import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Draft, Driver, Opened, Stat } from '../driver.js';
import { errorCode, named } from '../failure.js';

const chunkBytes = 1024 * 1024;

/**
 * Objects as files of one folder, the default without docker. Bytes are written to a draft, synced, and renamed into place,
 * and the folder is synced after it: a crash or a power cut leaves the old state or the new one.
 */
export class DirectoryDriver implements Driver {
  readonly name: string;
  readonly #objects: string;
  readonly #drafts: string;

  constructor(directory: string) {
    this.name = `directory ${directory}`;
    this.#objects = join(resolve(directory), 'objects');
    this.#drafts = join(resolve(directory), 'drafts');
  }

  async begin(): Promise<Draft> {
    const path = join(this.#drafts, randomUUID());
    const file = await named(this.name, 'opening a draft', async () => {
      await mkdir(this.#drafts, { recursive: true });
      return open(path, 'wx');
    });
    return {
      write: (chunk) => named(this.name, 'writing a draft', () => writeAll(file, chunk)),
      keep: (key) => named(this.name, `keeping ${key}`, () => this.#keep(file, path, key)),
      drop: async () => {
        await file.close().catch(() => undefined);
        await rm(path, { force: true });
      },
    };
  }

  async #keep(file: FileHandle, draft: string, key: string): Promise<void> {
    await file.sync();
    await file.close();
    const target = this.#path(key);
    const firstMade = await mkdir(dirname(target), { recursive: true });
    await rename(draft, target);
    await syncFolder(dirname(target));
    // A folder made on the way is durable only when its own parent is synced.
    if (firstMade !== undefined) await syncFolder(dirname(firstMade));
  }

  async open(key: string): Promise<Opened | undefined> {
    const file = await named(this.name, `opening ${key}`, () => unlessMissing(open(this.#path(key), 'r')));
    if (!file) return undefined;
    const { size } = await file.stat();
    return { bytes: size, chunks: this.#chunks(file, key) };
  }

  async *#chunks(file: FileHandle, key: string): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const buffer = Buffer.allocUnsafe(chunkBytes);
        const { bytesRead } = await named(this.name, `reading ${key}`, () => file.read(buffer, 0, chunkBytes, null));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async stat(key: string): Promise<Stat | undefined> {
    const found = await named(this.name, `looking at ${key}`, () => unlessMissing(stat(this.#path(key))));
    return found && { bytes: found.size, writtenAt: found.mtimeMs };
  }

  async delete(key: string): Promise<void> {
    await named(this.name, `deleting ${key}`, () => rm(this.#path(key), { force: true }));
  }

  async *list(): AsyncGenerator<Stat & { key: string }> {
    const folder = await unlessMissing(opendir(this.#objects, { recursive: true }));
    if (!folder) return;
    for await (const entry of folder) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const key = path.slice(this.#objects.length + 1);
      const found = await this.stat(key);
      if (found) yield { key, ...found };
    }
  }

  async sweepDrafts(olderThanMs: number): Promise<number> {
    const folder = await unlessMissing(opendir(this.#drafts));
    if (!folder) return 0;
    let swept = 0;
    for await (const entry of folder) {
      const path = join(this.#drafts, entry.name);
      const found = await unlessMissing(stat(path));
      if (!found || Date.now() - found.mtimeMs < olderThanMs) continue;
      await rm(path, { force: true });
      swept++;
    }
    return swept;
  }

  async close(): Promise<void> {}

  #path(key: string): string {
    return join(this.#objects, key);
  }
}

/** A write may take less than it was given, as on a disk that is filling up. */
async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let start = 0; start < chunk.byteLength;) {
    const { bytesWritten } = await file.write(chunk, start, chunk.byteLength - start);
    start += bytesWritten;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
