import { refusal } from '../errors.js';
import { isSafetensorsDtype, safetensorsDtypeBits, type SafetensorsDtype } from './dtypes.js';
import { duplicateKey } from './duplicate-keys.js';

export interface TensorEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** First and one past the last byte, counted from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The limit of the reference implementation: a larger header is an attack or a mistake. */
export const headerBytesMax = 100_000_000;
const tensorsMax = 1_000_000;

export const refuseSafetensors = (file: string, problem: string, fix = 'download the file again or re-save it') =>
  refusal('invalid_safetensors', `[safetensors] ${file}: ${problem}; fix: ${fix}`, { param: file });

/** The length that the first 8 bytes announce, checked against the file before anything is allocated. */
export function readHeaderLength(file: string, prefix: Uint8Array, fileBytes: number): number {
  if (fileBytes < 8) throw refuseSafetensors(file, `expected at least 8 bytes but received ${fileBytes}`);
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(headerBytesMax))
    throw refuseSafetensors(file, `the header claims ${length} bytes, above ${headerBytesMax}`);
  if (length > BigInt(fileBytes - 8)) {
    throw refuseSafetensors(file, `the header claims ${length} bytes but only ${fileBytes - 8} follow`);
  }
  return Number(length);
}

/** Parses and checks the whole header: every byte of the data belongs to exactly one tensor. */
export function parseHeader(file: string, bytes: Uint8Array, fileBytes: number): SafetensorsHeader {
  const json = parseJson(file, bytes);
  const metadata = parseMetadata(file, json['__metadata__']);
  const names = Object.keys(json).filter((name) => name !== '__metadata__');
  if (names.length > tensorsMax)
    throw refuseSafetensors(file, `expected at most ${tensorsMax} tensors but received ${names.length}`);
  const dataStart = 8 + bytes.byteLength;
  const entries = names.map((name) => [name, parseEntry(file, name, json[name], dataStart)] as const);
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let next = dataStart;
  for (const [name, entry] of entries) {
    if (entry.begin < next) throw refuseSafetensors(file, `tensor ${name} overlaps its neighbour`);
    if (entry.begin > next)
      throw refuseSafetensors(file, `${entry.begin - next} bytes before tensor ${name} belong to no tensor`);
    next = entry.end;
  }
  if (next !== fileBytes) throw refuseSafetensors(file, `tensors end at byte ${next} but the file has ${fileBytes}`);
  return { tensors: new Map(entries), metadata };
}

function parseJson(file: string, bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    throw refuseSafetensors(file, `the header is not JSON in UTF-8 (${(error as Error).message})`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuseSafetensors(file, 'the header is no object');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw refuseSafetensors(file, `the header names ${JSON.stringify(twice)} twice`);
  return value as Record<string, unknown>;
}

function parseMetadata(file: string, value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  const isText = typeof value === 'object' && Object.values(value).every((item) => typeof item === 'string');
  if (!isText || Array.isArray(value)) throw refuseSafetensors(file, '__metadata__ must map text to text');
  return value as Record<string, string>;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parseEntry(file: string, name: string, value: unknown, dataStart: number): TensorEntry {
  const bad = (problem: string) => refuseSafetensors(file, `tensor ${name}: ${problem}`);
  if (typeof value !== 'object' || value === null) throw bad('expected an object');
  const { dtype, shape, data_offsets: offsets, ...rest } = value as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw bad(`unknown field ${unknown}`);
  if (!isSafetensorsDtype(dtype)) throw bad(`unsupported dtype ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isCount)) throw bad('shape must be a list of sizes');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw bad('data_offsets must be two byte positions');
  }
  const [begin, end] = offsets as [number, number];
  const bits = (shape as number[]).reduce((product, size) => product * size, 1) * safetensorsDtypeBits[dtype];
  if (!Number.isSafeInteger(bits)) throw bad('the shape is larger than any file');
  if (bits % 8 !== 0) throw bad('its elements do not fill whole bytes');
  const bytes = bits / 8;
  if (end < begin || end - begin !== bytes)
    throw bad(`expected ${bytes} bytes for its shape but received ${end - begin}`);
  return { dtype, shape: shape as number[], begin: dataStart + begin, end: dataStart + end };
}
