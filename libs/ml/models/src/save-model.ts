import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '@hone/base';
import type { Tensor } from '@hone/tensor';
import type { CausalModel } from './causal-model.js';
import { weightMap } from './config/weight-map.js';
import type { ModelSource } from './model.js';
import { readConfigJson, readFile } from './model-source.js';
import { transpose } from './transpose.js';
import { writeSafetensors, type TensorToWrite } from './safetensors/writer.js';

/** Files beside the weights that belong to a model whatever its weights are. */
const companions =
  /^(tokenizer.*|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt|generation_config\.json|chat_template\.jinja)$/;

/** Copies tokenizer, template and generation settings, and writes config.json with the dtype of the new weights. */
export function copyCompanions(source: ModelSource, folder: string, dtype: string): void {
  mkdirSync(folder, { recursive: true });
  const names = typeof source === 'string' ? readdirSync(source) : [...source.keys()];
  for (const name of names.filter((candidate) => companions.test(candidate))) {
    if (typeof source === 'string') copyFileSync(join(source, name), join(folder, name));
    else writeFileSync(join(folder, name), readFile(source, name));
  }
  // The new weights are plain, whatever the ones were that they came from.
  const { quantization_config: _, ...config } = { ...readConfigJson(source), [dtypeField(source)]: dtype };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 2) + '\n');
}

const dtypeField = (source: ModelSource): string =>
  readConfigJson(source)['dtype'] === undefined ? 'torch_dtype' : 'dtype';

/** Writes a fully fine-tuned model, as it was trained and in Hugging Face layout, beside the companions of the model it came from. */
export function saveModel(model: CausalModel, source: ModelSource, folder: string): void {
  if (!model.arenas) {
    const message = '[model] expected trainable weights but received a frozen base; fix: save its adapter';
    throw refusal('model_not_trainable', message);
  }
  const { decayed, plain } = model.arenas;
  copyCompanions(source, folder, decayed.dtype === 'bf16' ? 'bfloat16' : 'float32');
  const tensors = new Map<string, TensorToWrite>();
  for (const { name, shape, isTransposed } of weightMap(model.config)) {
    const parameter = (decayed.parameters.get(name) ?? plain.get(name)) as Tensor;
    const [rows, columns] = parameter.shape as [number, number];
    const isNarrow = parameter.dtype === 'bf16';
    const data = () => {
      const values = isNarrow ? parameter.readInto(new Uint16Array(parameter.elements)) : parameter.floats();
      return isTransposed ? transpose(values, rows, columns) : values;
    };
    tensors.set(name, { dtype: isNarrow ? 'BF16' : 'F32', shape, data });
  }
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
}

/** Whether a folder holds a whole model or an adapter. */
export const isAdapterFolder = (folder: string): boolean => existsSync(join(folder, 'adapter_config.json'));
