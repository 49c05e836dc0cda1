import { LoraAdapter, type StoredAdapter, type StoredMatrix } from '@hone/nn';
import type { Tensor } from '@hone/tensor';
import type { ModelSource } from '../model.js';
import { floatsFromBytes } from '../safetensors/floats.js';
import { type AdapterBase, readAdapter } from './read-adapter.js';

/** Loads a PEFT folder onto a base, with matrices of its own in f32: to be trained, merged or saved. */
export const loadAdapter = (source: ModelSource, model: AdapterBase): LoraAdapter =>
  adapterOf(readAdapter(source, model), model);

/** The same of an adapter that was read. */
export function adapterOf({ config, baseFingerprint, modules }: StoredAdapter, model: AdapterBase): LoraAdapter {
  const adapter = LoraAdapter.zero(config, model.modules, baseFingerprint);
  for (const [path, { a, b }] of adapter.modules) {
    const stored = modules.get(path);
    if (!stored) continue;
    fill(a, stored.a);
    fill(b, stored.b);
  }
  return adapter;
}

function fill(parameter: Tensor, { dtype, values }: StoredMatrix): void {
  const found = values();
  if (found instanceof Float32Array) return void parameter.write(found);
  const bytes = new Uint8Array(found.buffer, found.byteOffset, found.byteLength);
  parameter.write(floatsFromBytes(dtype === 'bf16' ? 'BF16' : 'F16', bytes) as Float32Array);
}
