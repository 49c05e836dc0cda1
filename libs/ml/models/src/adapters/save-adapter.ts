import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoraAdapter } from '@hone/nn';
import { safetensorsBytes, writeSafetensors, type TensorToWrite } from '../safetensors/writer.js';
import { adapterConfigJson } from './adapter-config.js';
import { baseFingerprintKey } from './read-adapter.js';

export interface SaveAdapterOptions {
  /** What base_model_name_or_path says; tools use it to find the base. */
  baseName?: string | null;
}

function tensorsOf(adapter: LoraAdapter): Map<string, TensorToWrite> {
  return new Map(
    [...adapter.arena.parameters].map(([name, parameter]) => [
      `base_model.model.${name}`,
      { dtype: 'F32', shape: parameter.shape, data: () => parameter.floats() },
    ]),
  );
}

const metadataOf = (adapter: LoraAdapter): Record<string, string> => ({
  format: 'pt',
  ...(adapter.baseFingerprint === undefined ? {} : { [baseFingerprintKey]: adapter.baseFingerprint }),
});

/** PEFT writes "all-linear" as the names that it stood for. */
function configText(
  { config, modules, hasTransposedWeights }: LoraAdapter,
  { baseName = null }: SaveAdapterOptions,
): string {
  const names = new Set([...modules.keys()].map((path) => path.split('.').at(-1) as string));
  const targetModules = config.targetModules === 'all-linear' ? [...names] : config.targetModules;
  return JSON.stringify(adapterConfigJson({ ...config, targetModules }, baseName, hasTransposedWeights), null, 2);
}

const card = (adapter: LoraAdapter, { baseName = null }: SaveAdapterOptions): string =>
  [
    '---',
    ...(baseName === null ? [] : [`base_model: ${baseName}`]),
    'library_name: peft',
    '---',
    '',
    `A LoRA adapter of rank ${adapter.config.r}, made with Hone.`,
    ...(adapter.baseFingerprint === undefined
      ? []
      : ['', `Content fingerprint of its base: ${adapter.baseFingerprint}`]),
    '',
  ].join('\n');

/** Writes a folder that PEFT loads: adapter_config.json, adapter_model.safetensors, README.md. */
export function saveAdapter(adapter: LoraAdapter, folder: string, options: SaveAdapterOptions = {}): void {
  mkdirSync(folder, { recursive: true });
  writeSafetensors(join(folder, 'adapter_model.safetensors'), tensorsOf(adapter), metadataOf(adapter));
  writeFileSync(join(folder, 'adapter_config.json'), configText(adapter, options));
  writeFileSync(join(folder, 'README.md'), card(adapter, options));
}

/** The same files as bytes. */
export function adapterFiles(adapter: LoraAdapter, options: SaveAdapterOptions = {}): Map<string, Uint8Array> {
  const text = (value: string) => new TextEncoder().encode(value);
  return new Map([
    ['adapter_model.safetensors', safetensorsBytes(tensorsOf(adapter), metadataOf(adapter))],
    ['adapter_config.json', text(configText(adapter, options))],
    ['README.md', text(card(adapter, options))],
  ]);
}
