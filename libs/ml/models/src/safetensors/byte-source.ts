import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes at offsets: a file on disk, read as needed, or bytes in memory. */
export interface ByteSource {
  readonly name: string;
  readonly bytes: number;
  read(begin: number, end: number): Uint8Array;
  close(): void;
}

export function memorySource(name: string, data: Uint8Array): ByteSource {
  // A Buffer's slice() shares memory while that of a plain array copies; readers rely on the copy to align elements.
  const plain = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, bytes: plain.byteLength, read: (begin, end) => plain.subarray(begin, end), close: () => undefined };
}

export function fileSource(path: string): ByteSource {
  const file = openSync(path, 'r');
  const read = (begin: number, end: number) => {
    // A fresh allocation starts aligned, so that the bytes can be seen as 16- or 32-bit elements in place.
    const data = new Uint8Array(end - begin);
    let done = 0;
    while (done < data.byteLength) {
      // One call reads at most 2 GiB.
      const count = readSync(file, data, done, Math.min(data.byteLength - done, 1 << 30), begin + done);
      if (count === 0) throw new Error(`[safetensors] ${path} ended at byte ${begin + done} while being read`);
      done += count;
    }
    return data;
  };
  return { name: path, bytes: fstatSync(file).size, read, close: () => closeSync(file) };
}
