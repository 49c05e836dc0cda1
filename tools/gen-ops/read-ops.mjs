// Reads native/ops.json and turns its one-line argument declarations into objects.
import { readFileSync } from 'node:fs';

const ATTRIBUTES = { number: 'double', int: 'std::int64_t', uint: 'std::uint32_t', bool: 'bool' };
// What the checks of src/core let pass where the table says no more: numbers that f32 can hold, and what a double holds exactly.
const F32_MAX = 3.4028234663852886e38;
const RANGES = {
  number: [-F32_MAX, F32_MAX],
  int: [-(2 ** 53), 2 ** 53],
  uint: [0, 2 ** 32 - 1],
  bool: [0, 1],
};
const PLAIN = ['f32', 'bf16', 'f16', 'i32', 'u8'];
const CHOICES = {
  weight: ['f32', 'bf16', 'packed_f32', 'packed_bf16', 'nf4', 'int8', 'int4'],
  head: ['f32', 'bf16', 'packed_f32', 'packed_bf16', 'nf4'],
  float: ['f32', 'bf16', 'f16'],
  any: PLAIN,
};
// What differs between the processor, which computes in f32, and a GPU, whose activations are bf16: check-args.cc holds the rule.
const ROLES = { act: 'activation', 'act|f32': 'mixed', param: 'parameter' };

export const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
export const pascal = (name) => name[0].toUpperCase() + name.slice(1);
// `do` is the one argument name of the table that C++ keeps for itself.
export const cxxName = (name) => (name === 'do' ? 'd_o' : snake(name));

const ARGUMENT =
  /^(\w+)(\?)?: (?:(out|inout) )?([\w|]+)(?:\[([^\]]+)\])?(?: (below|under|segments|from0)(?: ([\w*]+))?)?$/;

const ATTRIBUTE = /^(\w+): (number|int|uint|bool)( any)?(?: (>=?) (\S+))?(?: (<=?) (\S+))?$/;

/** The double next to `value` on the side of `towards`. */
function neighbour(value, towards) {
  if (value === 0) return Math.sign(towards) * Number.MIN_VALUE;
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0] += towards > value === value > 0 ? 1n : -1n;
  return new Float64Array(bits.buffer)[0];
}

function parseAttribute(op, text) {
  const match = ATTRIBUTE.exec(text);
  if (!match) return undefined;
  const [, name, type, any, above, low, below, high] = match;
  let [least, most] = RANGES[type];
  if (low !== undefined) least = above === '>' ? neighbour(Number(low), Infinity) : Number(low);
  if (high !== undefined) most = below === '<' ? neighbour(Number(high), -Infinity) : Number(high);
  if (!(least <= most)) throw new Error(`[gen-ops] ${op}: expected a range but received "${text}"`);
  const bounds = [above && `${above} ${low}`, below && `${below} ${high}`].filter(Boolean).join(' and ');
  return { name, attribute: type, cxxType: ATTRIBUTES[type], isAny: any !== undefined, least, most, bounds };
}

function parseDim(text) {
  const match = /^([A-Za-z]\w*)(?:\+(\d+))?$/.exec(text);
  if (match) return { symbol: match[1], plus: Number(match[2] ?? 0) };
  if (/^\d+$/.test(text)) return { symbol: null, plus: Number(text) };
  throw new Error(`[gen-ops] expected a dimension but received "${text}"`);
}

function parseShape(text) {
  if (text === '*') return { rule: 'any' };
  if (text.startsWith('~')) return { rule: 'like', like: text.slice(1) };
  return { rule: 'dims', dims: text.split(',').map((dim) => parseDim(dim.trim())) };
}

function parseArgument(op, text) {
  const attribute = parseAttribute(op, text);
  if (attribute) return attribute;
  const match = ARGUMENT.exec(text);
  if (!match) throw new Error(`[gen-ops] ${op}: expected an argument declaration but received "${text}"`);
  const [, name, optional, io = 'in', type, shape, check, bound] = match;
  const role = ROLES[type];
  const dtypes = role
    ? ['f32', 'bf16']
    : type.split('|').flatMap((one) => CHOICES[one] ?? (PLAIN.includes(one) ? [one] : []));
  if (dtypes.length === 0 || !shape) throw new Error(`[gen-ops] ${op}: unknown dtype or no shape in "${text}"`);
  return { name, io, optional: optional === '?', dtypes, role, ...parseShape(shape), check, bound: bound?.split('*') };
}

export function readOps(path) {
  const { ops } = JSON.parse(readFileSync(path, 'utf8'));
  return ops.map((op, index) => {
    const args = op.args.map((text) => parseArgument(op.name, text));
    const symbols = [...new Set(args.flatMap((arg) => (arg.dims ?? []).map((dim) => dim.symbol)).filter(Boolean))];
    if (symbols.length > 10) throw new Error(`[gen-ops] ${op.name}: expected at most 10 shape symbols`);
    if (op.tolerance?.default === undefined) throw new Error(`[gen-ops] ${op.name}: expected a default tolerance`);
    return {
      saved: [],
      require: [],
      ...op,
      index,
      args,
      symbols,
      fn: snake(op.name),
      struct: `${pascal(op.name)}Args`,
    };
  });
}
