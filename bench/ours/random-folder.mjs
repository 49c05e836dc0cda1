// Writes a model folder of a shape with random bf16 weights and the tiny model's tokenizer, and PEFT adapters for it.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseModelConfig, weightMap, writeSafetensors } from '@hone/models';
import { root } from '../../tools/workspace.mjs';
import { linearsOf, randomWords } from '../shapes.mjs';

/** 4,096 normal numbers of deviation 0.02 as bf16; drawing from a table is what makes a billion of them a matter of seconds. */
export function normalTable(next) {
  const uniform = () => (next() + 1) / 2 ** 32;
  const floats = Float32Array.from(
    { length: 4096 },
    () => 0.02 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
  return Uint16Array.from(new Uint32Array(floats.buffer), (bits) => bits >>> 16);
}

export function randomHalves(count, next, table) {
  const halves = new Uint16Array(count);
  for (let at = 0; at < count; at += 2) {
    const word = next();
    halves[at] = table[word & 4095];
    halves[at + 1] = table[(word >>> 12) & 4095];
  }
  return halves;
}

const bf16One = 0x3f80;

export function writeRandomFolder(shape, folder, seed) {
  const next = randomWords(seed);
  const table = normalTable(next);
  const tensors = new Map(
    weightMap(parseModelConfig(shape)).map(({ name, shape: dims, role }) => {
      const count = dims.reduce((product, size) => product * size, 1);
      const data = () => (role === 'norm' ? new Uint16Array(count).fill(bf16One) : randomHalves(count, next, table));
      return [name, { dtype: 'BF16', shape: dims, data }];
    }),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...shape, torch_dtype: 'bfloat16' }));
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    cpSync(join(root, 'examples/hone-tiny', name), join(folder, name));
  }
}

/** An adapter of rank 16 on every linear layer whose update is as large as that of a trained one. */
export function writeRandomAdapter(shape, folder, seed, rank = 16) {
  const next = randomWords(seed);
  const table = normalTable(next);
  const tensors = new Map();
  for (let layer = 0; layer < shape.num_hidden_layers; layer++) {
    for (const [name, [rows, columns]] of Object.entries(linearsOf(shape))) {
      const path = `base_model.model.model.layers.${layer}.${name}`;
      for (const [part, dims] of [
        ['lora_A', [rank, columns]],
        ['lora_B', [rows, rank]],
      ]) {
        const data = () => randomHalves(dims[0] * dims[1], next, table);
        tensors.set(`${path}.${part}.weight`, { dtype: 'BF16', shape: dims, data });
      }
    }
  }
  mkdirSync(folder, { recursive: true });
  writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors, { format: 'pt' });
  const modules = Object.keys(linearsOf(shape)).map((name) => name.split('.').at(-1));
  const config = { peft_type: 'LORA', task_type: 'CAUSAL_LM', r: rank, lora_alpha: rank, target_modules: modules };
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(config));
}
