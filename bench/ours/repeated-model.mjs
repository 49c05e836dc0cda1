// A model in memory whose layers all hold the random values of one: drawing 16 GB takes longer than the rows that ask for them.
import { parseModelConfig, weightMap } from '@hone/models';
import { randomWords } from '../shapes.mjs';
import { normalTable, randomHalves } from './random-folder.mjs';

const bf16One = 0x3f80;
const layerOf = (name) => /\.layers\.(\d+)\./.exec(name)?.[1];

/** Files by name, as loadModel takes them: config.json and one shard for each layer and for what is in none. */
export function repeatedModel(shape) {
  const values = drawnOnce();
  const shards = Map.groupBy(
    weightMap(parseModelConfig(shape)),
    ({ name }) => `${layerOf(name) ?? 'rest'}.safetensors`,
  );
  const files = new Map([['config.json', encoded({ ...shape, torch_dtype: 'bfloat16' })]]);
  const homes = {};
  for (const [file, specs] of shards) {
    files.set(file, shardOf(specs, values));
    for (const { name } of specs) homes[name] = file;
  }
  return files.set('model.safetensors.index.json', encoded({ weight_map: homes }));
}

const encoded = (value) => new TextEncoder().encode(JSON.stringify(value));

/** Values by name within a layer, drawn when they are first asked for; embedding and head, half of what there is to draw, share theirs. */
function drawnOnce() {
  const next = randomWords(1);
  const table = normalTable(next);
  const drawn = new Map();
  return ({ name, shape, role }) => {
    const isWords = role === 'embedding' || role === 'head';
    const key = isWords ? 'words' : name.replace(/\.layers\.\d+\./, '.');
    const count = shape.reduce((product, size) => product * size, 1);
    if (!drawn.has(key))
      drawn.set(key, role === 'norm' ? new Uint16Array(count).fill(bf16One) : randomHalves(count, next, table));
    return new Uint8Array(drawn.get(key).buffer);
  };
}

/** The bytes of a safetensors file; the header is padded so that values lie on 8 bytes. */
function shardOf(specs, values) {
  let at = 0;
  const entries = specs.map(({ name, shape }) => {
    const begin = at;
    at += 2 * shape.reduce((product, size) => product * size, 1);
    return [name, { dtype: 'BF16', shape, data_offsets: [begin, at] }];
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const header = new TextEncoder().encode(text.padEnd(8 * Math.ceil(text.length / 8)));
  const bytes = new Uint8Array(8 + header.length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  for (const [index, spec] of specs.entries()) {
    bytes.set(values(spec), 8 + header.length + entries[index][1].data_offsets[0]);
  }
  return bytes;
}
