import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { bug, safetensorsDtypeBits, type SafetensorsDtype } from '@hone/base';

/** A tensor to be written; its bytes are produced when their turn comes, so that one tensor at a time is in memory. */
export interface TensorToWrite {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView | (() => ArrayBufferView);
}

type Named = readonly [string, TensorToWrite];

/** Order of the reference writer: wide element types first (so that all stay aligned), then by name. */
const layout = (tensors: ReadonlyMap<string, TensorToWrite>): Named[] =>
  [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      safetensorsDtypeBits[b.dtype] - safetensorsDtypeBits[a.dtype] || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0),
  );

const bytesOf = ({ dtype, shape }: TensorToWrite): number =>
  (shape.reduce((product, size) => product * size, 1) * safetensorsDtypeBits[dtype]) / 8;

/** The length prefix and the header, padded with spaces so that the data starts at a multiple of 8. */
function headerOf(order: readonly Named[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let offset = 0;
  for (const [name, tensor] of order) {
    const end = offset + bytesOf(tensor);
    header[name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.byteLength / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  return bytes;
}

function* chunks(tensors: ReadonlyMap<string, TensorToWrite>, metadata: Readonly<Record<string, string>>) {
  const order = layout(tensors);
  yield headerOf(order, metadata);
  for (const [name, tensor] of order) {
    const view = typeof tensor.data === 'function' ? tensor.data() : tensor.data;
    if (view.byteLength !== bytesOf(tensor)) {
      const expected = bytesOf(tensor);
      throw bug('safetensors', `[safetensors] expected ${expected} bytes for ${name} but received ${view.byteLength}`);
    }
    yield new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }
}

/** Writes beside the target and renames: a reader sees the whole file or the old one. */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const temporary = `${path}.partial`;
  const file = openSync(temporary, 'w');
  try {
    for (const chunk of chunks(tensors, metadata)) {
      for (let done = 0; done < chunk.byteLength;) {
        done += writeSync(file, chunk, done, Math.min(chunk.byteLength - done, 1 << 30));
      }
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** The same bytes in memory. */
export function safetensorsBytes(
  tensors: ReadonlyMap<string, TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return Buffer.concat([...chunks(tensors, metadata)]);
}
