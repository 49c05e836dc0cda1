import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { putFile } from '@hone/artifacts';
import type { ArtifactStore } from '@hone/artifacts';
import { type Digest, modelFingerprint, seeded } from '@hone/base';
import { repositoryRoot } from './repository-root.js';

// The model libraries are loaded when they are used: most tests have no model and must not pay for one.

/** Files of the tokenizer that comes with the repository; its template marks roles and ends turns. */
const tokenizerFiles = ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json'];
const tokenizerFolder = join(repositoryRoot, 'examples/hone-tiny');

export interface RandomModelOptions {
  seed: number;
  contextLength?: number;
  hiddenSize?: number;
  layers?: number;
  /** Makes it a Qwen3-MoE with so many experts, of which a token takes a quarter. */
  experts?: number;
}

/** Writes a Llama folder (or a mixture of experts) with random weights and a real vocabulary: it talks nonsense, but always the same nonsense. */
export async function writeRandomModel(folder: string, options: RandomModelOptions): Promise<string> {
  const { parseModelConfig, weightMap, writeSafetensors } = await import('@hone/models');
  const { seed, contextLength = 256, hiddenSize = 64, layers = 2 } = options;
  mkdirSync(folder, { recursive: true });
  for (const name of tokenizerFiles) {
    if (existsSync(join(tokenizerFolder, name))) cpSync(join(tokenizerFolder, name), join(folder, name));
  }
  const tokenizer = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number> };
    added_tokens: { id: number }[];
  };
  const ids = [...Object.values(tokenizer.model.vocab), ...tokenizer.added_tokens.map(({ id }) => id)];
  const json = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: Math.max(...ids) + 1,
    hidden_size: hiddenSize,
    intermediate_size: 2 * hiddenSize,
    num_hidden_layers: layers,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: hiddenSize / 4,
    max_position_embeddings: contextLength,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    hidden_act: 'silu',
    tie_word_embeddings: true,
    bos_token_id: 1,
    eos_token_id: 2,
    torch_dtype: 'float32',
    ...(options.experts === undefined ? {} : mixture(options.experts, hiddenSize)),
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json, null, 2));
  const tensors = new Map(
    weightMap(parseModelConfig(json)).map(({ name, shape, role }) => {
      const random = seeded(seed, name);
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      for (let at = 0; at < data.length; at++) data[at] = role === 'norm' ? 1 : (random() - 0.5) * 0.6;
      return [name, { dtype: 'F32' as const, shape, data }] as const;
    }),
  );
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  return folder;
}

const mixture = (experts: number, hiddenSize: number) => ({
  architectures: ['Qwen3MoeForCausalLM'],
  model_type: 'qwen3_moe',
  num_experts: experts,
  num_experts_per_tok: experts / 4,
  moe_intermediate_size: hiddenSize / 2,
});

/** Writes the same model again with its weights in two shards and an index, as large models are published. */
export async function shardModel(whole: string, folder: string): Promise<string> {
  const { fileSource, SafetensorsFile, writeSafetensors } = await import('@hone/models');
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(whole).filter((file) => file !== 'model.safetensors')) {
    cpSync(join(whole, name), join(folder, name));
  }
  const file = new SafetensorsFile(fileSource(join(whole, 'model.safetensors')));
  const names = [...file.tensors.keys()];
  const map: Record<string, string> = {};
  for (const part of [0, 1]) {
    const shard = `model-0000${part + 1}-of-00002.safetensors`;
    const mine = names.filter((_, at) => at % 2 === part);
    const tensors = new Map(
      mine.map((name) => [name, { dtype: 'F32' as const, shape: file.entry(name).shape, data: file.floats(name) }]),
    );
    writeSafetensors(join(folder, shard), tensors, { format: 'pt' });
    for (const name of mine) map[name] = shard;
  }
  const index = { metadata: {}, weight_map: map };
  file.close();
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index, null, 2));
  return folder;
}

/** Writes a PEFT folder whose adapter visibly changes what the model says. */
export async function writeRandomAdapter(modelFolder: string, folder: string, seed: number): Promise<string> {
  const { loadModel, saveAdapter } = await import('@hone/models');
  const { LoraAdapter, loraConfig } = await import('@hone/nn');
  const model = loadModel(modelFolder);
  const config = loraConfig({ r: 4, loraAlpha: 16, targetModules: 'all-linear' });
  const adapter = LoraAdapter.initial(config, model.modules, seed, model.fingerprint);
  for (const [path, { b }] of adapter.modules) {
    const random = seeded(seed, 'lora_B', path);
    b.write(Float32Array.from({ length: b.elements }, () => random() - 0.5));
  }
  saveAdapter(adapter, folder, { baseName: 'random' });
  adapter.free();
  model.free();
  return folder;
}

/** Puts a base model's folder into the store; returns what the registry would be told. */
export async function storeBase(
  store: ArtifactStore,
  folder: string,
): Promise<{ manifest: Digest; fingerprint: Digest }> {
  const { parameterCount, parseModelConfig } = await import('@hone/models');
  const files = await filesOf(store, folder);
  const fingerprint = modelFingerprint(files);
  const config = parseModelConfig(
    JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>,
  );
  const manifest = await store.putManifest({
    kind: 'base',
    files,
    architecture: 'LlamaForCausalLM',
    parameters: parameterCount(config),
    contextLength: config.maxPositions,
    fingerprint,
  });
  return { manifest, fingerprint };
}

/** Puts an adapter folder into the store as the trainer would. */
export async function storeAdapter(
  store: ArtifactStore,
  folder: string,
  base: Digest,
  hyperparameters: Record<string, unknown> = {},
): Promise<Digest> {
  const files = await filesOf(store, folder);
  const nothing = await store.putManifest({ kind: 'test' });
  return store.putManifest({
    kind: 'adapter',
    files,
    base,
    rank: 4,
    dataset: nothing,
    shards: nothing,
    hyperparameters,
    seed: 1,
  });
}

const filesOf = (store: ArtifactStore, folder: string) =>
  Promise.all(readdirSync(folder).map((name) => putFile(store, join(folder, name), name)));
