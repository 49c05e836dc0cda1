// LoRA r = 16 on all linear layers of a 100 M-parameter shape, batch 4 x 256 tokens: Hone against transformers + peft.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeInitialModel } from '@hone/models';
import { median } from 'simple-statistics';
import { peers } from '../peers/environment.mjs';

const shape = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  num_key_value_heads: 4,
  intermediate_size: 2048,
  vocab_size: 32000,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  hidden_act: 'silu',
  tie_word_embeddings: false,
};

const json = (command, args) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 24 });
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1));
  return JSON.parse(stdout.trim().split('\n').at(-1));
};

export const rows = ['sft-100m', 'sft-100m-qlora'];

export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'hone-bench-100m-'));
  try {
    writeInitialModel(shape, folder, 1);
    const python = peers();
    const ours = (method) => json(process.execPath, [join(import.meta.dirname, '../ours/sft.mjs'), folder, method]);
    const theirs = (dtype) => json(python, [join(import.meta.dirname, '../peers/sft.py'), '--dtype', dtype]);
    // A-B-B-A, so that a slow minute of the machine meets both sides.
    const order = python === undefined ? ['ours', 'ours'] : ['ours', 'bfloat16', 'float32', 'bfloat16', 'ours'];
    const found = order.map((side) => [side, side === 'ours' ? ours('lora') : theirs(side)]);
    const rate = (side) =>
      median(found.filter(([name]) => name === side).map(([, { tokens_per_second: tokens }]) => tokens));
    const peer = python === undefined ? undefined : Math.max(rate('bfloat16'), rate('float32'));
    const qlora = ours('qlora').tokens_per_second;
    return [
      {
        row: 'sft-100m',
        workload: 'LoRA r16, all linears, 100 M shape, 4 x 256 tokens, bf16 base',
        unit: 'tokens/s',
        ours: rate('ours'),
        peer,
        peer_name: python === undefined ? 'not to be had here' : 'transformers + peft (better of bf16 and f32)',
        bar: 'ratio >= 1.0',
        pass: peer === undefined ? undefined : rate('ours') >= peer,
        detail: Object.fromEntries(found.map(([side, result], index) => [`${index}-${side}`, result])),
      },
      {
        row: 'sft-100m-qlora',
        workload: 'the same over an NF4 base',
        unit: 'tokens/s',
        ours: qlora,
        peer: rate('ours'),
        peer_name: 'our bf16 LoRA',
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
