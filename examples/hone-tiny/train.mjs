/**
 * Trains hone-tiny, the base model of the demo, from nothing: corpus, tokenizer, seeded weights, one pass of Hone's own trainer.
 * The same command gives the same bytes; RECIPE.json holds the settings and the digests.
 *
 *   npm run train:hone-tiny                        the real thing, about ten minutes on two cores
 *   node examples/hone-tiny/train.mjs --steps 50 --out /tmp/hone-tiny      a short run into another folder
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DigestStream, digestOfBytes } from '@hone/base';
import {
  WeightFiles,
  bf16FromFloats,
  loadModel,
  parseModelConfig,
  saveModel,
  weightMap,
  writeSafetensors,
} from '@hone/models';
import { datasetOf, evaluateLoss, sft, trainingSettings } from '@hone/recipes';
import { ChatTemplate, Tokenizer, readTokenizerFolder, textForTraining } from '@hone/text';
import { documents, seed as corpusSeed } from './corpus.mjs';
import { initialWeights } from './initial-weights.mjs';
import { tokenizerFiles, vocabSize } from './tokenizer.mjs';

const here = dirname(fileURLToPath(import.meta.url));

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: vocabSize,
  hidden_size: 192,
  intermediate_size: 512,
  num_hidden_layers: 6,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 32,
  max_position_embeddings: 512,
  rope_theta: 10000,
  rms_norm_eps: 1e-5,
  hidden_act: 'silu',
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: true,
  initializer_range: 0.02,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: 0,
  torch_dtype: 'bfloat16',
};

/** 2,048 tokens a step: four packed rows of the whole context. */
const training = {
  per_device_train_batch_size: 4,
  packing: true,
  max_length: 512,
  num_train_epochs: 1,
  learning_rate: 3e-3,
  lr_scheduler_type: 'cosine',
  warmup_steps: 0.04,
  weight_decay: 0.1,
  adam_beta1: 0.9,
  adam_beta2: 0.95,
  max_grad_norm: 1,
  seed: 7,
};
const documentCount = 48_000;
const heldOutDocuments = 400;

const help = `Usage: node examples/hone-tiny/train.mjs [--steps N] [--documents N] [--out FOLDER]

Trains hone-tiny from nothing: corpus, tokenizer, seeded weights, one pass of the trainer.

  --steps N        end after so many steps (default: one pass over the corpus)
  --documents N    documents of the corpus to learn (default: ${documentCount})
  --out FOLDER     where model, tokenizer and RECIPE.json go (default: this folder)
  --help           print this`;

function main() {
  const { steps, documents, out, help: isHelp } = optionsOf();
  if (isHelp) return console.log(help);
  return train({
    folder: out,
    count: countOf('documents', documents) ?? documentCount,
    steps: countOf('steps', steps),
  });
}

function optionsOf() {
  const options = {
    steps: { type: 'string' },
    documents: { type: 'string' },
    out: { type: 'string', default: here },
    help: { type: 'boolean', default: false },
  };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw usage(error.message.split('. ')[0]);
  }
}

function countOf(name, text) {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return text && Number(text);
  throw usage(`expected a whole number above zero for --${name} but received ${text}`);
}

const usage = (message) => new UsageError(`[hone-tiny] ${message}; fix: node examples/hone-tiny/train.mjs --help`);

class UsageError extends Error {}

async function train({ folder, count, steps }) {
  mkdirSync(folder, { recursive: true });
  for (const [name, value] of Object.entries(tokenizerFiles()))
    writeFileSync(join(folder, name), JSON.stringify(value, null, name === 'tokenizer.json' ? 0 : 2) + '\n');
  const { rows, heldOut, digest } = await tokenRows(folder, count);
  const scratch = mkdtempSync(join(tmpdir(), 'hone-tiny-'));
  try {
    writeInitialModel(folder, scratch);
    const args = { ...training, ...(steps ? { max_steps: steps } : {}) };
    const model = loadModel(scratch, { isTrainable: true });
    const result = await sft({
      model,
      source: scratch,
      train: datasetOf(rows),
      settings: trainingSettings(args, 'full'),
      observer: { onStep: report },
    });
    const { loss } = evaluateLoss(model, datasetOf(heldOut));
    saveModel(model, scratch, join(scratch, 'trained'));
    writeNarrow(join(scratch, 'trained'), folder);
    writeRecipe(folder, { args, count, digest, loss, result });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Every document as tokens; all of them are learnt but the begin token, and the last documents are only measured. */
async function tokenRows(folder, count) {
  const files = await readTokenizerFolder(folder);
  const tokenizer = new Tokenizer(files);
  const template = ChatTemplate.fromFiles(files);
  const hash = new DigestStream();
  const rows = [];
  for (const doc of documents(count + heldOutDocuments)) {
    hash.update(Buffer.from(JSON.stringify(doc)));
    const ids =
      doc.text === undefined
        ? tokenizer.encode(template.render(doc.messages))
        : [...textForTraining(tokenizer, doc.text).ids];
    const whole = ids[0] === tokenizer.bosId ? ids : [tokenizer.bosId, ...ids];
    rows.push({ tokens: whole, mask: whole.map((_, at) => (at === 0 ? 0 : 1)) });
  }
  return { rows: rows.slice(0, count), heldOut: rows.slice(count), digest: hash.finish() };
}

function writeInitialModel(folder, scratch) {
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json'])
    copyFileSync(join(folder, name), join(scratch, name));
  writeFileSync(join(scratch, 'config.json'), JSON.stringify({ ...config, torch_dtype: 'float32' }));
  const specs = weightMap(parseModelConfig(config));
  writeSafetensors(join(scratch, 'model.safetensors'), initialWeights(specs, config, training.seed), { format: 'pt' });
}

/** The weights rounded to bfloat16, which is what the folder keeps: half the bytes, and no answer changes. */
function writeNarrow(trained, folder) {
  const files = new WeightFiles(trained);
  const tensors = new Map(
    files.names.map((name) => [
      name,
      { dtype: 'BF16', shape: files.entry(name).shape, data: () => bf16FromFloats(files.floats(name)) },
    ]),
  );
  writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  files.close();
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config, null, 2) + '\n');
}

function writeRecipe(folder, { args, count, digest, loss, result }) {
  const names = [
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
    'generation_config.json',
  ];
  const digests = Object.fromEntries(names.map((name) => [name, digestOfBytes(readFileSync(join(folder, name)))]));
  const recipe = {
    command: 'npm run train:hone-tiny',
    corpus: { seed: corpusSeed, documents: count, digest },
    training: args,
    result: {
      steps: result.steps,
      tokens: result.tokensSeen,
      trainLoss: Number(result.trainLoss.toFixed(4)),
      heldOutPerplexity: Number(Math.exp(loss).toFixed(4)),
    },
    digests,
  };
  writeFileSync(join(folder, 'RECIPE.json'), JSON.stringify(recipe, null, 2) + '\n');
  console.log(JSON.stringify(recipe.result));
}

function report({ step, totalSteps, loss, lr, gradNorm, tokensPerSecond, etaSeconds }) {
  if (step % 10 !== 0 && step !== totalSteps && step !== 1) return;
  const numbers = `loss ${loss.toFixed(4)}  lr ${lr.toExponential(2)}  norm ${gradNorm.toFixed(2)}`;
  console.log(
    `step ${step}/${totalSteps}  ${numbers}  ${Math.round(tokensPerSecond)} tokens/s  ${Math.round(etaSeconds)} s left`,
  );
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
