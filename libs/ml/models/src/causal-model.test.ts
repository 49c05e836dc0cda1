// Serving equals training, and a row's bits do not depend on its neighbours, for each family and weight format.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '@hone/base';
import { Tape, memoryStats, onDevice } from '@hone/tensor';
import { LoraAdapter, loraConfig } from '@hone/nn';
import {
  adapterFiles,
  loadAdapter,
  loadModel,
  mergeAdapter,
  safetensorsBytes,
  SafetensorsFile,
  memorySource,
  writeInitialModel,
  type BaseFormat,
  type CausalModel,
  type StepBatch,
} from './index.js';

const sizes = {
  vocab_size: 96,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 128,
  initializer_range: 0.2,
  eos_token_id: [2, 3],
  bos_token_id: 1,
};

const gemma = { head_dim: 32, query_pre_attn_scalar: 16, sliding_window: 5 };

const families: Record<string, Record<string, unknown>> = {
  llama: { architectures: ['LlamaForCausalLM'], model_type: 'llama', tie_word_embeddings: true },
  mistral: { architectures: ['MistralForCausalLM'], model_type: 'mistral', sliding_window: 5 },
  qwen2: { architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2', tie_word_embeddings: true },
  qwen3: { architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3', head_dim: 32, attention_bias: false },
  smollm3: { architectures: ['SmolLM3ForCausalLM'], model_type: 'smollm3', no_rope_layer_interval: 2 },
  gemma2: { architectures: ['Gemma2ForCausalLM'], model_type: 'gemma2', ...gemma, attn_logit_softcapping: 5 },
  gemma3: { architectures: ['Gemma3ForCausalLM'], model_type: 'gemma3_text', ...gemma, sliding_window_pattern: 2 },
  phi3: { architectures: ['Phi3ForCausalLM'], model_type: 'phi3' },
  gpt2: { architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', n_embd: 64, n_layer: 2, n_head: 4, n_positions: 128 },
  'qwen3-moe': {
    architectures: ['Qwen3MoeForCausalLM'],
    model_type: 'qwen3_moe',
    num_experts: 8,
    num_experts_per_tok: 3,
    moe_intermediate_size: 64,
    mlp_only_layers: [0],
  },
  mixtral: { architectures: ['MixtralForCausalLM'], model_type: 'mixtral', num_local_experts: 4 },
};

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hone-models-'));
  for (const [name, family] of Object.entries(families)) {
    writeInitialModel({ ...sizes, ...family }, join(root, name), 4);
  }
});
afterAll(() => {
  rmSync(root, { recursive: true });
  expect(memoryStats().liveBytes).toBe(0);
});

const random = seeded(1, 'ids');
const sequence = Array.from({ length: 21 }, () => Math.floor(random() * 96));

/** Logits of every place by the training forward. */
function dense(model: CausalModel, ids: number[], adapter?: LoraAdapter): Float32Array {
  const batch = {
    ids: Int32Array.from(ids),
    positions: Int32Array.from(ids.keys()),
    cuSeqlens: Int32Array.of(0, ids.length),
    ...(adapter ? { adapter } : {}),
  };
  const hidden = model.hidden(batch);
  // Every candidate's log-probability, one at a time, stands for the logits.
  const table = new Float32Array(ids.length * 96);
  for (let id = 0; id < 96; id++) {
    const { logp } = model.tokenLogProbs(hidden, new Int32Array(ids.length).fill(id));
    logp.floats().forEach((value, row) => (table[row * 96 + id] = value));
    logp.free();
  }
  hidden.free();
  return table;
}

interface Lane {
  ids: number[];
  adapter?: LoraAdapter;
}

/** Feeds all lanes together in chunks of the given sizes; returns the logits of the last place of each lane. */
function paged(model: CausalModel, lanes: Lane[], chunks: number[]): Float32Array[] {
  const kv = model.newKvCache(lanes.length * 8, 4);
  let logits = new Float32Array();
  let done = 0;
  for (const size of chunks) {
    const rows = lanes.flatMap(({ ids }, lane) =>
      ids.slice(done, done + size).map((id, i) => ({ id, lane, position: done + i })),
    );
    const page = (lane: number, block: number) => block * lanes.length + lane;
    const ints = (value: (row: (typeof rows)[0]) => number) => Int32Array.from(rows, value);
    const lastOf = lanes.map((_, lane) => rows.findLastIndex((row) => row.lane === lane));
    const batch: StepBatch = {
      ids: ints(({ id }) => id),
      positions: ints(({ position }) => position),
      rowSequence: ints(({ lane }) => lane),
      rowPosition: ints(({ position }) => position),
      slots: ints(({ lane, position }) => page(lane, position >> 2) * 4 + (position & 3)),
      blockTable: Int32Array.from(
        lanes.flatMap((_, lane) => Array.from({ length: 8 }, (__, block) => page(lane, block))),
      ),
      blocksPerSequence: 8,
      kv,
      adapters: lanes.flatMap(({ adapter }, lane) =>
        adapter
          ? [{ adapter, rowStart: rows.findIndex((row) => row.lane === lane), rowEnd: (lastOf[lane] as number) + 1 }]
          : [],
      ),
      logitRows: Int32Array.from(lastOf),
    };
    logits = model.step(batch).floats() as Float32Array<ArrayBuffer>;
    done += size;
  }
  kv.free();
  return lanes.map((_, lane) => logits.slice(lane * 96, (lane + 1) * 96));
}

const logSoftmax = (logits: Float32Array): number[] => {
  const max = Math.max(...logits);
  const lse = max + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - max), 0));
  return [...logits].map((value) => value - lse);
};

function randomAdapter(model: CausalModel, seed: number): LoraAdapter {
  const config = loraConfig({ r: 3, loraAlpha: 6, targetModules: 'all-linear' });
  const adapter = LoraAdapter.initial(config, model.modules, seed, model.fingerprint);
  const draw = seeded(seed, 'b');
  for (const { b } of adapter.modules.values()) b.write(Float32Array.from({ length: b.elements }, () => draw() - 0.5));
  return adapter;
}

describe.each(Object.keys(families))('%s', (family) => {
  it.each(['f32', 'nf4'] as const)('serves in %s over pages what training computes, in any chunks', (format) => {
    const model = loadModel(join(root, family), { format });
    const expected = dense(model, sequence).slice(20 * 96);
    for (const chunks of [[21], [20, 1], [1, 7, 8, 5]]) {
      const [logits] = paged(model, [{ ids: sequence }], chunks);
      logSoftmax(logits as Float32Array).forEach((value, id) =>
        expect(Math.abs(value - (expected[id] as number))).toBeLessThan(2e-4),
      );
    }
    model.free();
  });
});

const formats = ['f32', 'bf16', 'nf4'] as BaseFormat[];

describe.each(Object.keys(families).flatMap((family) => formats.map((format) => [family, format] as const)))(
  '%s in %s',
  (family, format) => {
    it('gives each row the same bits whatever shares its batch, adapters included', () => {
      const model = loadModel(join(root, family), { format });
      const adapter = randomAdapter(model, 1);
      const other = randomAdapter(model, 2);
      const lanes: Lane[] = [
        { ids: sequence, adapter },
        { ids: [...sequence].reverse(), adapter: other },
        { ids: sequence },
      ];
      const together = paged(model, lanes, [13, 8]);
      lanes.forEach((lane, i) => {
        // Alone, and cut into other chunks, as a busy engine would cut them.
        expect(paged(model, [lane], [13, 8])[0]).toEqual(together[i]);
        expect(paged(model, [lane], [21])[0]).toEqual(together[i]);
        expect(paged(model, [lane], [5, 15, 1])[0]).toEqual(together[i]);
      });
      expect(together[0]).not.toEqual(together[2]);
      adapter.free();
      other.free();
      model.free();
    });
  },
);

describe('an adapter', () => {
  const withBase = (body: (model: CausalModel, adapter: LoraAdapter) => void) => {
    const model = loadModel(join(root, 'qwen2'));
    const adapter = randomAdapter(model, 9);
    try {
      body(model, adapter);
    } finally {
      adapter.free();
      model.free();
    }
  };

  it('survives its folder form bit by bit', () => {
    withBase((model, adapter) => {
      const again = loadAdapter(adapterFiles(adapter), model);
      expect(adapterFiles(again).get('adapter_model.safetensors')).toEqual(
        adapterFiles(adapter).get('adapter_model.safetensors'),
      );
      again.free();
    });
  });

  it('answers as the base that it is merged into, within 2e-4', () => {
    withBase((model, adapter) => {
      mergeAdapter(join(root, 'qwen2'), adapter, join(root, 'merged'));
      const merged = loadModel(join(root, 'merged'));
      const adapted = dense(model, sequence, adapter);
      dense(merged, sequence).forEach((value, i) =>
        expect(Math.abs(value - (adapted[i] as number))).toBeLessThan(2e-4 * Math.max(1, Math.abs(value))),
      );
      merged.free();
    });
  });

  it('of another base of the same shape is refused', () => {
    withBase((_model, adapter) => {
      writeInitialModel({ ...sizes, ...families['qwen2'] }, join(root, 'twin'), 5);
      const twin = loadModel(join(root, 'twin'));
      expect(() => loadAdapter(adapterFiles(adapter), twin)).toThrow('was made for base sha256:');
      twin.free();
    });
  });

  it('with keys that fit nothing, with missing keys or wrong shapes is refused', () => {
    withBase((model, adapter) => {
      const files = adapterFiles(adapter);
      const original = new SafetensorsFile(memorySource('a', files.get('adapter_model.safetensors') as Uint8Array));
      const changed = (rename: (name: string) => string | undefined, shapes = false) => {
        const tensors = [...original.tensors].flatMap(([name, { shape }]) => {
          const renamed = rename(name);
          const turned = shapes ? [...shape].reverse() : shape;
          const tensor = { dtype: 'F32', shape: turned, data: original.floats(name) } as const;
          return renamed === undefined ? [] : [[renamed, tensor] as const];
        });
        return new Map(files).set('adapter_model.safetensors', safetensorsBytes(new Map(tensors)));
      };
      const load = (source: Map<string, Uint8Array>) => () => loadAdapter(source, model);
      expect(load(changed((name) => name.replace('layers.1', 'layers.7')))).toThrow(
        'no module that target_modules names',
      );
      expect(load(changed((name) => (name.includes('layers.1.mlp') ? undefined : name)))).toThrow('no tensor although');
      expect(load(changed((name) => name, true))).toThrow('where the base needs');
      // The form with the adapter's name inside the key is PEFT's in-memory one.
      load(changed((name) => name.replace('.weight', '.default.weight')))().free();
    });
  });
});

describe('loading', () => {
  it('from bytes equals loading from the folder', () => {
    const folder = join(root, 'llama');
    const files = new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
    const [one, two] = [loadModel(folder), loadModel(files)];
    expect(two.fingerprint).toEqual(one.fingerprint);
    expect(dense(two, sequence)).toEqual(dense(one, sequence));
    one.free();
    two.free();
  });

  it('changes the fingerprint with weights, tokenizer or template, and frees all when it fails', () => {
    const folder = join(root, 'llama');
    const files = new Map(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));
    const digestOf = (source: Map<string, Uint8Array>) => {
      const model = loadModel(source);
      model.free();
      return model.fingerprint;
    };
    const text = (value: string) => new TextEncoder().encode(value);
    const plain = digestOf(files);
    expect(digestOf(new Map(files).set('README.md', text('other')))).toBe(plain);
    expect(digestOf(new Map(files).set('tokenizer.json', text('{}')))).not.toBe(plain);
    expect(digestOf(new Map(files).set('chat_template.jinja', text('x')))).not.toBe(plain);
    const live = memoryStats().liveBytes;
    const config = JSON.parse(new TextDecoder().decode(files.get('config.json'))) as object;
    const wider = text(JSON.stringify({ ...config, intermediate_size: 64 }));
    expect(() => loadModel(new Map(files).set('config.json', wider))).toThrow(
      'expected [64,64] for model.layers.0.mlp',
    );
    const fewer = text(JSON.stringify({ ...config, num_hidden_layers: 1 }));
    expect(() => loadModel(new Map(files).set('config.json', fewer))).toThrow('expected num_hidden_layers 2');
    expect(() => loadModel(folder, { format: 'nf4', isTrainable: true })).toThrow('train an adapter instead');
    expect(() => loadModel(folder, { format: 'q9' as BaseFormat })).toThrow(
      'expected f32, bf16, nf4, int8, int4 for format',
    );
    expect(() => loadModel(folder, { format: 'int4' })).toThrow('expected 4-bit codes of GPTQ or AWQ');
    expect(memoryStats().liveBytes).toBe(live);
  });

  it('refuses a head of its own in a file whose config.json ties it to the embedding', () => {
    const folder = join(root, 'llama');
    const whole = new SafetensorsFile(memorySource('whole', readFileSync(join(folder, 'model.safetensors'))));
    const embedding = 'model.embed_tokens.weight';
    const withHead = (change: number) => {
      const tensors = new Map(
        [...whole.tensors].map(([name, { shape }]) => [
          name,
          { dtype: 'F32', shape, data: whole.floats(name) } as const,
        ]),
      );
      const { shape } = tensors.get(embedding) as { shape: readonly number[] };
      const data = whole.floats(embedding).map((value) => value + change);
      const bytes = safetensorsBytes(tensors.set('lm_head.weight', { dtype: 'F32', shape, data }));
      const config = new Uint8Array(readFileSync(join(folder, 'config.json')));
      return new Map([
        ['config.json', config],
        ['model.safetensors', bytes],
      ]);
    };
    loadModel(withHead(0)).free();
    expect(() => loadModel(withHead(0.5))).toThrow('expected lm_head.weight to be the embedding');
  });

  it('takes files of the bare decoder, as the original GPT-2 is published, masks and all', () => {
    const folder = join(root, 'gpt2');
    const whole = new SafetensorsFile(memorySource('whole', readFileSync(join(folder, 'model.safetensors'))));
    const tensors = [...whole.tensors].map(([name, { shape }]) => {
      const tensor = { dtype: 'F32', shape, data: whole.floats(name) } as const;
      return [name.replace('transformer.', ''), tensor] as const;
    });
    const mask = { dtype: 'F32', shape: [1, 1, 2, 2], data: new Float32Array(4) } as const;
    const bytes = safetensorsBytes(new Map([...tensors, ['h.0.attn.bias', mask]]));
    const config = new Uint8Array(readFileSync(join(folder, 'config.json')));
    const [one, two] = [
      loadModel(folder),
      loadModel(
        new Map([
          ['config.json', config],
          ['model.safetensors', bytes],
        ]),
      ),
    ];
    expect(dense(two, sequence)).toEqual(dense(one, sequence));
    one.free();
    two.free();
  });

  it('refuses to train without the dropout that config.json asks for, and answers all the same', () => {
    const model = loadModel(join(root, 'gpt2'));
    const batch = { ids: Int32Array.of(5), positions: Int32Array.of(0), cuSeqlens: Int32Array.of(0, 1) };
    expect(() => new Tape().record(() => model.hidden(batch))).toThrow('set resid_pdrop, embd_pdrop, attn_pdrop to 0');
    model.hidden(batch).free();
    model.free();
  });

  it('on the null device counts what it would take', () => {
    const folder = join(root, 'llama');
    const real = loadModel(folder);
    const bytes = memoryStats().liveBytes;
    real.free();
    onDevice('null', () => {
      const counted = loadModel(folder);
      expect(memoryStats().liveBytes).toBe(bytes);
      counted.free();
      expect(memoryStats().liveBytes).toBe(0);
    });
  });
});
