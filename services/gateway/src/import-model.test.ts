// Goal: a model folder is streamed in, checked on the way, and refused with the name of what is wrong with it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { type Door, openDoor } from '../../../tests/doubles/gateway-door.js';

describe('the import of a model', () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor();
  });
  afterAll(() => door?.close());

  const header = Buffer.from('{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const weights = Buffer.concat([length, header, Buffer.alloc(24)]);
  const config = JSON.stringify({ architectures: ['LlamaForCausalLM'], max_position_embeddings: 64 });
  const importing = async (files: Record<string, Buffer | string>) => {
    const form = new FormData();
    form.append('name', 'mine');
    for (const [path, bytes] of Object.entries(files)) form.append('file', new Blob([bytes as never]), path);
    const response = await door.call('/v1/models', { method: 'POST', body: form });
    return { status: response.status, body: (await response.json()) as { error?: { message: string }; id?: string } };
  };

  it('gives a complete folder its name and fingerprint', async () => {
    const files = { 'config.json': config, 'model.safetensors': weights, 'tokenizer.json': '{}' };
    const { status, body } = await importing(files);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: 'mine', hone: { kind: 'base' } });
  });

  const gguf = readFileSync(new URL('../../../tests/golden/formats/llama-vocabulary.gguf', import.meta.url));

  it('gives a GGUF file alone its name: config and tokenizer come from its metadata', async () => {
    const { status, body } = await importing({ 'tiny.gguf': gguf });
    expect(body).toMatchObject({ id: 'mine', hone: { kind: 'base' } });
    expect(status).toBe(200);
  });

  it.each([
    [{ 'tiny.gguf': gguf.subarray(0, 5000) }, 'tiny.gguf'],
    [{ 'tiny.gguf': gguf, 'other.gguf': gguf }, 'second GGUF file'],
    [{ 'tiny.gguf': gguf, 'config.json': config, 'model.safetensors': weights }, 'one format'],
    [
      {
        'config.json': JSON.stringify({ ...JSON.parse(config), quantization_config: { quant_method: 'hqq' } }),
        'model.safetensors': weights,
        'tokenizer.json': '{}',
      },
      'only bitsandbytes, gptq and awq',
    ],
  ])('refuses weights that cannot be right, case %#', async (files, named) => {
    const { status, body } = await importing(files as Record<string, Buffer>);
    expect(status).toBe(400);
    expect(body.error?.message).toContain(named);
  });

  const sharded = (map: unknown) => ({
    'config.json': config,
    'tokenizer.json': '{}',
    'model-00001-of-00002.safetensors': weights,
    'model.safetensors.index.json': typeof map === 'string' ? map : JSON.stringify({ weight_map: map }),
  });

  it('gives a folder of shards its name, and counts only the weights that its index names', async () => {
    const other = { 'consolidated.safetensors': weights };
    const { status, body } = await importing({ ...sharded({ w: 'model-00001-of-00002.safetensors' }), ...other });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: 'mine', hone: { kind: 'base' } });
  });

  it.each([
    [{ w: 'model-00001-of-00002.safetensors', v: 'model-00002-of-00002.safetensors' }, 'model-00002-of-00002'],
    [{ w: 'model-00001-of-00002.safetensors', v: 'model-00001-of-00002.safetensors' }, 'does not hold v'],
    [{ w: 7 }, 'no file for w'],
    [{}, 'no weight_map'],
    ['null', 'no weight_map'],
    ['{', 'not JSON'],
  ])('refuses an index that does not fit its shards, case %#', async (map, named) => {
    const { status, body } = await importing(sharded(map));
    expect(status).toBe(400);
    expect(body.error?.message).toContain(named);
  });

  it('refuses shards without the index that names them', async () => {
    const files = { 'config.json': config, 'tokenizer.json': '{}', 'model-00001-of-00002.safetensors': weights };
    const { status, body } = await importing(files);
    expect(status).toBe(400);
    expect(body.error?.message).toContain('no model.safetensors, and no model.safetensors.index.json');
  });

  it.each([
    [{ 'config.json': config, 'model.safetensors': weights.subarray(0, 70), 'tokenizer.json': '{}' }, 'safetensors'],
    [{ 'config.json': config, 'pytorch_model.bin': weights, 'tokenizer.json': '{}' }, 'pytorch_model.bin'],
    [{ 'config.json': config, '../model.safetensors': weights, 'tokenizer.json': '{}' }, '../model.safetensors'],
    [{ 'config.json': config, 'tokenizer.json': '{}' }, '*.safetensors'],
    [{ 'config.json': '{', 'model.safetensors': weights, 'tokenizer.json': '{}' }, 'config.json'],
  ])('refuses a folder that is broken, case %#', async (files, named) => {
    const { status, body } = await importing(files as unknown as Record<string, Buffer>);
    expect(status).toBe(400);
    expect(body.error?.message).toContain(named);
  });
});
