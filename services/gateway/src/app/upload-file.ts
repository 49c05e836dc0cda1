import { refusal, systemClock, unixSeconds } from '@hone/base';
import type { ArtifactStore } from '@hone/artifacts';
import { createFile, type FileEntry, fileRegister } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import type { FastifyRequest } from 'fastify';
import { tooLarge } from '../http/door.js';
import { idFor } from '../http/idempotent-id.js';
import { partsOf } from '../http/multipart.js';
import { parsed } from '../http/parse.js';

/** Streams an upload to the object store and gives it its id. Nothing is registered unless every part has arrived. */
export async function uploadFile(store: ArtifactStore, mesh: Mesh, request: FastifyRequest): Promise<FileEntry> {
  const bytesMax = createFile.limits.bodyBytesMax;
  const fields: Record<string, string> = {};
  let file: Pick<FileEntry, 'digest' | 'bytes' | 'filename'> | undefined;
  for await (const part of partsOf(request, { fileBytesMax: bytesMax, filesMax: 1 })) {
    if (part.type === 'field') fields[part.fieldname] = String(part.value);
    else if (part.fieldname !== 'file') throw unknownPart(part.fieldname);
    else {
      const stored = await store.put(part.file);
      if (part.file.truncated) throw tooLarge(bytesMax + 1, bytesMax);
      file = { ...stored, filename: fileName(part.filename) };
    }
  }
  if (file === undefined) throw missing();
  const { purpose } = parsed(createFile.body, { file: file.filename, ...fields }, 'body') as {
    purpose: FileEntry['purpose'];
  };
  if (file.bytes === 0) throw empty(file.filename);
  const createdAt = unixSeconds(systemClock);
  return mesh.request(fileRegister, { id: idFor('file', request), ...file, purpose, createdAt });
}

/** The last step of a path: a name is shown to people and never becomes a path of this machine. */
const fileName = (name: string): string =>
  name
    .split(/[/\\]/)
    .at(-1)
    ?.replace(/\p{Cc}/gu, '')
    .slice(0, 255) || 'upload';

const unknownPart = (name: string) =>
  refusal('unknown_field', `Unrecognized file part: ${name.slice(0, 64)}; fix: send the bytes as "file".`, {
    param: name.slice(0, 64),
  });

const missing = () =>
  refusal('invalid_value', "Invalid value for 'file': expected a file part but received nothing.", { param: 'file' });

const empty = (name: string) =>
  refusal('empty_file', `The file ${name} is empty; fix: send a file with at least one row.`, { param: 'file' });
