import { randomUUID } from 'node:crypto';
import { constants, createWriteStream, existsSync } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { DigestStream } from '@hone/base';
import type { ExportObject } from '@hone/contracts';
import { CliError, exitCodes } from '../exit-codes.js';
import { ask, askPatiently, type Connection } from './connection.js';

export interface ExportWish {
  model: string;
  format: string;
  type?: string | undefined;
}

/** Asks for an export, waits for its end and fetches its files into a folder that must not be there yet. */
export async function exportModel(to: Connection, wish: ExportWish, output: string): Promise<ExportObject> {
  if (existsSync(output))
    throw new CliError(
      `[model export] expected a new folder but ${output} is there; fix: name another one`,
      exitCodes.usage,
    );
  const target = resolve(output);
  // Asked before the export is made: where its files cannot be written, nobody should work for nothing.
  await access(`${dirname(target)}/.`, constants.W_OK).catch((thrown: unknown) => {
    throw asDiskTrouble(thrown, target);
  });
  const made = await waitForExport(to, wish);
  const draft = `${target}.partial-${randomUUID().slice(0, 8)}`;
  try {
    await mkdir(draft);
    for (const file of made.files) await fetchFile(to, made.id, file, draft);
    await rename(draft, target);
    return made;
  } catch (thrown) {
    await rm(draft, { recursive: true, force: true });
    throw asDiskTrouble(thrown, target);
  }
}

async function waitForExport(to: Connection, wish: ExportWish): Promise<ExportObject> {
  let made = await ask<ExportObject>(to, 'POST', '/v1/exports', wish);
  while (made.status === 'queued' || made.status === 'running') {
    await pause(500);
    made = await askPatiently<ExportObject>(to, 'GET', `/v1/exports/${made.id}`);
  }
  if (made.status === 'failed') throw new CliError(made.error?.message ?? '[model export] failed', exitCodes.failed);
  return made;
}

/** What the disk refused, in words; anything else stays as it is. */
function asDiskTrouble(thrown: unknown, target: string): unknown {
  const parent = dirname(target);
  const troubles: Record<string, string> = {
    ENOENT: `expected the folder ${parent} but it is not there; fix: make it, or name another one`,
    ENOTDIR: `expected ${parent} to be a folder but it is a file; fix: name another one`,
    EACCES: `expected to be allowed to write in ${parent}; fix: name another folder`,
    EPERM: `expected to be allowed to write in ${parent}; fix: name another folder`,
    EROFS: `expected to write in ${parent} but its disk is read-only; fix: name another folder`,
    ENOTEMPTY: `expected a new folder but ${target} is there by now; fix: name another one`,
    EEXIST: `expected a new folder but ${target} is there by now; fix: name another one`,
    ENOSPC: `expected room in ${parent} but its disk is full; fix: free some, or name another folder`,
  };
  const trouble = troubles[(thrown as NodeJS.ErrnoException).code ?? ''];
  return trouble === undefined ? thrown : new CliError(`[model export] ${trouble}`, exitCodes.failed);
}

async function fetchFile(
  to: Connection,
  id: string,
  { path, digest }: ExportObject['files'][number],
  folder: string,
): Promise<void> {
  const url = `${to.url}/v1/exports/${id}/files/${encodeURIComponent(path)}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${to.key}` } });
  if (!response.ok || !response.body)
    throw new CliError(`[model export] ${path} could not be fetched: ${response.status}`, exitCodes.unavailable);
  const hash = new DigestStream();
  const hashed = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const body = Readable.fromWeb(response.body as never) as AsyncIterable<Uint8Array>;
  await pipeline(body, hashed, createWriteStream(join(folder, path), { flags: 'wx' }));
  if (hash.finish() !== digest)
    throw new CliError(`[model export] ${path} arrived damaged; fix: export again`, exitCodes.failed);
}
