import { parseHeader, readHeaderLength, refuseSafetensors, type TensorEntry } from '@hone/base';
import type { ByteSource } from './byte-source.js';
import { floatsFromBytes } from './floats.js';

/** One safetensors file. The header is checked in full at opening; tensor bytes are read when asked for. */
export class SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
    try {
      const prefix = source.bytes < 8 ? new Uint8Array(8) : source.read(0, 8);
      const headerBytes = readHeaderLength(source.name, prefix, source.bytes);
      const header = parseHeader(source.name, source.read(8, 8 + headerBytes), source.bytes);
      this.tensors = header.tensors;
      this.metadata = header.metadata;
    } catch (error) {
      source.close();
      throw error;
    }
  }

  get name(): string {
    return this.#source.name;
  }

  entry(name: string): TensorEntry {
    const entry = this.tensors.get(name);
    if (!entry)
      throw refuseSafetensors(this.name, `expected a tensor ${name} but there is none`, 'use the matching file');
    return entry;
  }

  /** The raw little-endian bytes. */
  bytes(name: string): Uint8Array {
    const { begin, end } = this.entry(name);
    return this.#source.read(begin, end);
  }

  /** The values as f32, whatever float type the file holds. */
  floats(name: string): Float32Array {
    const { dtype } = this.entry(name);
    const floats = floatsFromBytes(dtype, this.bytes(name));
    if (!floats)
      throw refuseSafetensors(this.name, `tensor ${name} holds ${dtype}, expected a float type`, 'use a float tensor');
    return floats;
  }

  close(): void {
    this.#source.close();
  }
}
