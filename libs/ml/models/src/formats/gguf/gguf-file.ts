import { ggufHeaderBytesMax, parseGgufHeader, refuseGguf, type GgufHeader, type GgufTensor } from '@hone/base';
import type { ByteSource } from '../../safetensors/byte-source.js';
import { dequantizeGguf } from './dequantize.js';

/** One GGUF file: its head is checked in full at opening; tensor bytes are read when asked for. */
export class GgufFile {
  readonly header: GgufHeader;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
    try {
      const head = source.read(0, Math.min(source.bytes, ggufHeaderBytesMax));
      this.header = parseGgufHeader(source.name, head, source.bytes);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  get name(): string {
    return this.#source.name;
  }

  tensor(name: string): GgufTensor {
    const tensor = this.header.tensors.get(name);
    if (tensor) return tensor;
    throw refuseGguf(this.name, `expected a tensor ${name} but there is none`, 'use the matching file');
  }

  bytes(name: string): Uint8Array {
    const { begin, end } = this.tensor(name);
    return this.#source.read(begin, end);
  }

  /** Bytes from..to-1 of a tensor. */
  part(name: string, from: number, to: number): Uint8Array {
    const { begin } = this.tensor(name);
    return this.#source.read(begin + from, begin + to);
  }

  /** The values as f32, whatever type the file holds. */
  floats(name: string): Float32Array {
    return dequantizeGguf(this.tensor(name).type, this.bytes(name));
  }

  close(): void {
    this.#source.close();
  }
}
