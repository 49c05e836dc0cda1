import type { ArtifactStore } from '@hone/artifacts';
import {
  ggufHeaderBytesMax,
  headerBytesMax,
  parseHeader,
  readHeaderLength,
  refusal,
  type SafetensorsHeader,
} from '@hone/base';
import { importModel as route, modelCheck, type ModelEntry, modelRegister } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { type GgufCompanions, readGgufHead } from '../domain/gguf-folder.js';
import { acceptedPath, baseManifestOf, type Folder, type FolderFile, weightIndex } from '../domain/model-folder.js';
import { tooLarge } from '../http/door.js';
import { partsOf } from '../http/multipart.js';
import { parsed } from '../http/parse.js';
import { FileHead } from './file-head.js';

const filesMax = 512;
/** The JSON that is read here; real configs are a few kilobytes, and an index names each tensor of a model once. */
const jsonBytesMax: Readonly<Record<string, number>> = { 'config.json': 1024 * 1024, [weightIndex]: 16 * 1024 * 1024 };

/**
 * Streams the files of a model folder to the object store, checks their headers on the way, writes the manifest last, has it
 * checked as loading would check it, and gives it its name. The same folder under the same name is the same entry, so an import may be repeated.
 */
export async function importModel(store: ArtifactStore, mesh: Mesh, request: FastifyRequest): Promise<ModelEntry> {
  const fields: Record<string, string> = {};
  const headers = new Map<string, SafetensorsHeader>();
  const folder: Folder = { files: [], config: undefined, index: undefined, headers, gguf: undefined };
  for await (const part of partsOf(request, { fileBytesMax: route.limits.bodyBytesMax, filesMax })) {
    if (part.type === 'field') fields[part.fieldname] = String(part.value);
    else {
      const path = acceptedPath(part.filename);
      if (folder.files.some((file) => file.path === path)) throw twice(path);
      const { file, head } = await stored(store, part, path);
      folder.files.push(file);
      if (path === 'config.json') folder.config = jsonOf(path, head, file.bytes);
      if (path === weightIndex) folder.index = jsonOf(path, head, file.bytes);
      if (path.endsWith('.safetensors')) headers.set(path, headerOf(path, head, file.bytes));
      if (path.endsWith('.gguf')) {
        if (folder.gguf) throw severalWeights(path);
        folder.gguf = readGgufHead(path, head, file.bytes);
      }
    }
  }
  if (folder.gguf && headers.size === 0) await addCompanions(store, folder, folder.gguf.companions());
  const { name } = parsed(route.body, { ...fields, file: folder.files.map(({ path }) => path) }, 'body') as {
    name: string;
  };
  const manifest = baseManifestOf(folder);
  const digest = await store.putManifest(manifest);
  // A model that cannot answer gets no name; what was stored of it belongs to nothing and is collected.
  await mesh.request(modelCheck, { manifest: digest });
  return mesh.request(modelRegister, { name, manifest: digest, fingerprint: manifest.fingerprint });
}

/** What the folder brings itself is kept; the rest comes from the metadata of its GGUF file. */
async function addCompanions(store: ArtifactStore, folder: Folder, companions: GgufCompanions): Promise<void> {
  const isTokenized = folder.files.some(({ path }) => path === 'tokenizer.json');
  for (const [path, text] of Object.entries(companions)) {
    const isBrought = folder.files.some((file) => file.path === path);
    // A tokenizer's two files belong together.
    if (isBrought || (isTokenized && path.startsWith('tokenizer'))) continue;
    folder.files.push({ path, ...(await store.put(text)) });
    if (path === 'config.json') folder.config = JSON.parse(text) as unknown;
  }
}

async function stored(
  store: ArtifactStore,
  part: MultipartFile,
  path: string,
): Promise<{ file: FolderFile; head: Uint8Array }> {
  const bytesMax = jsonBytesMax[path];
  const isGguf = path.endsWith('.gguf');
  const watched = new FileHead((prefix) => bytesMax ?? (isGguf ? ggufHeaderBytesMax : headerEnd(prefix)));
  const isWatched = bytesMax !== undefined || isGguf || path.endsWith('.safetensors');
  const { digest, bytes } = await store.put(isWatched ? watched.watch(part.file) : part.file);
  if (part.file.truncated) throw tooLarge(bytes + 1, route.limits.bodyBytesMax);
  return { file: { path, digest, bytes }, head: watched.bytes };
}

const lengthOf = (prefix: Uint8Array): bigint =>
  new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);

/** Where the header ends; a header that claims too much is not collected and is refused afterwards. */
const headerEnd = (prefix: Uint8Array): number => {
  const length = lengthOf(prefix);
  return length > BigInt(headerBytesMax) ? 8 : 8 + Number(length);
};

function headerOf(path: string, head: Uint8Array, fileBytes: number): SafetensorsHeader {
  const length = readHeaderLength(path, head, fileBytes);
  return parseHeader(path, head.subarray(8, 8 + length), fileBytes);
}

function jsonOf(path: string, head: Uint8Array, bytes: number): unknown {
  const code = path === weightIndex ? 'invalid_weight_index' : 'invalid_config';
  const bytesMax = jsonBytesMax[path] ?? 0;
  try {
    if (bytes <= bytesMax) return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(head)) as unknown;
  } catch (cause) {
    throw refusal(code, `${path} is not JSON in UTF-8; fix: save it again.`, { param: path, cause });
  }
  throw refusal(code, `${path} has ${bytes} bytes, above ${bytesMax}; fix: send the real one.`, { param: path });
}

const twice = (path: string) =>
  refusal('invalid_value', `The folder brings ${path} twice; fix: send each file once.`, { param: 'file' });

const severalWeights = (path: string) =>
  refusal('invalid_value', `The folder brings a second GGUF file, ${path}; fix: send the one that is wanted.`, {
    param: 'file',
  });
