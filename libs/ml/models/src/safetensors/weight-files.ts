import { refusal, type TensorEntry } from '@hone/base';
import type { ModelSource } from '../model.js';
import { hasFile, nameOfSource, openBytes, readJson } from '../model-source.js';
import { SafetensorsFile } from './reader.js';

/** All weights of a model folder, whether in one model.safetensors or in shards named by an index. */
export class WeightFiles {
  readonly #files: SafetensorsFile[] = [];
  readonly #homes = new Map<string, SafetensorsFile>();

  constructor(source: ModelSource) {
    const index = 'model.safetensors.index.json';
    if (hasFile(source, index)) this.#openShards(source, index);
    else this.#open(source, 'model.safetensors');
  }

  get names(): string[] {
    return [...this.#homes.keys()].sort();
  }

  has(name: string): boolean {
    return this.#homes.has(name);
  }

  entry(name: string): TensorEntry {
    return this.#home(name).entry(name);
  }

  bytes(name: string): Uint8Array {
    return this.#home(name).bytes(name);
  }

  floats(name: string): Float32Array {
    return this.#home(name).floats(name);
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  #home(name: string): SafetensorsFile {
    const file = this.#homes.get(name);
    if (file) return file;
    throw refusal('weight_missing', `[weights] expected tensor ${name} but no file has it; fix: give the whole folder`);
  }

  #open(source: ModelSource, name: string): SafetensorsFile {
    const file = new SafetensorsFile(openBytes(source, name));
    this.#files.push(file);
    for (const tensor of file.tensors.keys()) {
      if (this.#homes.has(tensor)) throw refusal('weight_twice', `[weights] ${tensor} is in two files; fix: re-save`);
      this.#homes.set(tensor, file);
    }
    return file;
  }

  #openShards(source: ModelSource, index: string): void {
    const map = readJson(source, index)['weight_map'];
    const shards = new Map<string, string[]>();
    const bad = (problem: string) =>
      refusal('invalid_weight_index', `[weights] ${index} of ${nameOfSource(source)}: ${problem}; fix: re-save it`);
    if (typeof map !== 'object' || map === null) throw bad('expected weight_map');
    for (const [tensor, shard] of Object.entries(map as Record<string, unknown>)) {
      // A shard is a plain file name: a path could read outside the folder.
      if (typeof shard !== 'string' || /[/\\]/.test(shard) || !shard.endsWith('.safetensors')) {
        throw bad(`${JSON.stringify(shard)} is not a shard name`);
      }
      shards.set(shard, [...(shards.get(shard) ?? []), tensor]);
    }
    for (const [shard, tensors] of [...shards].sort()) {
      const file = this.#open(source, shard);
      const missing = tensors.find((tensor) => !file.tensors.has(tensor));
      if (missing !== undefined) throw bad(`${shard} does not hold ${missing}`);
    }
  }
}
