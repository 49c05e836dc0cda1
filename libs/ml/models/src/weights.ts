import { refusal } from '@hone/base';
import {
  empty,
  keep,
  packInt4FromParts,
  packInt8FromParts,
  packNf4FromParts,
  packWeight,
  scoped,
  unpackWeight,
  type PackedFormat,
  type Tensor,
} from '@hone/tensor';
import { ParameterArena } from '@hone/nn';
import { underBaseName } from './base-names.js';
import { checkWeights, noFloats } from './check-weights.js';
import type { ModelConfig } from './config/model-config.js';
import { fitsNf4, shapeOnDevice, weightMap, type WeightSpec } from './config/weight-map.js';
import { refuseNonFinite, refuseNonFiniteParts } from './finite-values.js';
import type { BaseFormat, HeadFormat } from './model.js';
import { bf16FromFloats, floatsFromBytes, halvesFromBytes } from './safetensors/floats.js';
import { releaseArray } from './release-array.js';
import { transpose } from './transpose.js';
import type { StoredParts, WeightSource } from './formats/weight-source.js';

/** Every weight on the device by its name. */
export interface LoadedWeights {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Full fine-tuning: matrices and embeddings, which decay, and norms and biases, which do not. */
  readonly arenas: { readonly decayed: ParameterArena; readonly plain: ParameterArena } | undefined;
}

export interface WeightOptions {
  readonly format: BaseFormat;
  readonly headFormat: HeadFormat;
  readonly isTrainable: boolean;
  readonly isUnpacked: boolean;
  /** false = memory is only counted, and the files' data stays unread. */
  readonly isRead: boolean;
}

/** Checks every weight against what the config asks for before any memory is taken, reads it once and packs it for the kernels. */
export function loadWeights(source: WeightSource, config: ModelConfig, options: WeightOptions): LoadedWeights {
  const { format, isTrainable, isRead } = options;
  const specs = weightMap(config);
  const files = underBaseName(source, specs);
  checkWeights(files, specs, config);
  if (isRead && config.isHeadTied) refuseOtherHead(files, specs);
  const arenas = isTrainable ? newArenas(specs, format === 'bf16' ? 'bf16' : 'f32') : undefined;
  const tensors = new Map<string, Tensor>();
  const load = (spec: WeightSpec): void => {
    const { dtype } = files.entry(spec.name);
    const bytes = () => (isRead ? finiteBytes(files, spec.name, dtype) : undefined);
    if (arenas) {
      const parameter = (isDecayed(spec) ? arenas.decayed : arenas.plain).get(spec.name);
      const data = bytes();
      if (data)
        write(parameter, parameter.dtype === 'bf16' ? halvesOf(spec, dtype, data) : floatsOf(spec, dtype, data), data);
      tensors.set(spec.name, parameter);
    } else {
      const stored = packedAsStored(files, spec, options);
      const weight = stored ?? keep(scoped(() => upload(spec, dtype, bytes(), options)));
      tensors.set(spec.name, options.isUnpacked && spec.role === 'linear' ? unpacked(weight) : weight);
    }
  };
  try {
    for (const spec of specs) load(spec);
  } catch (error) {
    for (const tensor of tensors.values()) tensor.free();
    arenas?.decayed.free();
    arenas?.plain.free();
    throw error;
  }
  return { tensors, arenas };
}

function finiteBytes(files: WeightSource, name: string, dtype: string): Uint8Array {
  const bytes = files.bytes(name);
  refuseNonFinite(name, dtype, bytes);
  return bytes;
}

const isDecayed = ({ role }: WeightSpec): boolean => role !== 'norm' && role !== 'bias';

/** Norms and biases are a thousandth of the weights and stay f32, as their kernels want them. */
function newArenas(specs: readonly WeightSpec[], dtype: 'f32' | 'bf16'): NonNullable<LoadedWeights['arenas']> {
  const arena = (wanted: boolean) => {
    const made = new ParameterArena(
      specs
        .filter((spec) => isDecayed(spec) === wanted)
        .map((spec) => ({ name: spec.name, shape: shapeOnDevice(spec) })),
      wanted ? dtype : 'f32',
    );
    made.train();
    return made;
  };
  return { decayed: arena(true), plain: arena(false) };
}

function floatsOf(spec: WeightSpec, dtype: string, bytes: Uint8Array): Float32Array {
  const floats = floatsFromBytes(dtype as Parameters<typeof floatsFromBytes>[0], bytes);
  if (floats) return turned(spec, floats);
  throw noFloats(spec.name, dtype);
}

/** The values in the order of the device. */
function turned<A extends Float32Array | Uint16Array>({ shape, isTransposed }: WeightSpec, values: A): A {
  return isTransposed ? transpose(values, shape[0] as number, shape[1] as number) : values;
}

const halvesOf = (spec: WeightSpec, dtype: string, bytes: Uint8Array): Uint16Array =>
  dtype === 'BF16' ? turned(spec, halvesFromBytes(bytes)) : bf16FromFloats(floatsOf(spec, dtype, bytes));

/** A linear weight that the file holds in the wanted format already: its codes and scales are kept bit for bit. */
function packedAsStored(
  files: WeightSource,
  { name, role, shape, isTransposed }: WeightSpec,
  { format, isRead }: WeightOptions,
): Tensor | undefined {
  const { parts } = files.entry(name);
  if (role !== 'linear' || isTransposed || parts?.format !== format) return undefined;
  const size = shape as readonly [number, number];
  // The size of the group is all that memory depends on; the other formats are counted as if they were quantised here.
  if (!isRead) return parts.format === 'int4' ? keep(scoped(() => countedInt4(parts.groupSize, size))) : undefined;
  return keep(scoped(() => packParts(name, parts, size)));
}

/** The values of a quantised weight in bf16, in its place. */
function unpacked(weight: Tensor): Tensor {
  const isQuantised = weight.dtype === 'nf4' || weight.dtype === 'int8' || weight.dtype === 'int4';
  if (!isQuantised) return weight;
  const plain = keep(scoped(() => packWeight(unpackWeight(weight), 'packed-bf16')));
  weight.free();
  return plain;
}

function packParts(name: string, stored: StoredParts, size: readonly [number, number]): Tensor {
  if (stored.format === 'nf4') return packed(name, stored.read(), (parts) => packNf4FromParts(parts, size));
  if (stored.format === 'int8') return packed(name, stored.read(), (parts) => packInt8FromParts(parts, size));
  return packed(name, stored.read(), (parts) => packInt4FromParts(parts, size));
}

function packed<P extends object>(name: string, parts: P, pack: (parts: P) => Tensor): Tensor {
  refuseNonFiniteParts(name, parts);
  const weight = pack(parts);
  for (const part of Object.values(parts)) if (ArrayBuffer.isView(part)) releaseArray(part);
  return weight;
}

/** On the null device the arrays may be empty. */
const countedInt4 = (groupSize: number, size: readonly [number, number]): Tensor =>
  packInt4FromParts({ codes: new Uint8Array(), scales: new Float32Array(), zeros: new Uint8Array(), groupSize }, size);

/** Linear weights and heads are packed, embeddings stay plain because rows of them are looked up, norms are f32. */
function upload(
  spec: WeightSpec,
  dtype: string,
  bytes: Uint8Array | undefined,
  { format, headFormat }: WeightOptions,
): Tensor {
  if (spec.role === 'router') return packWeight(plain(spec, dtype, bytes), 'packed-f32');
  if (spec.role === 'linear') return packWeight(plain(spec, dtype, bytes), packedFormat(spec, format));
  if (spec.role === 'head') return packWeight(plain(spec, dtype, bytes), packedHeadFormat(format, headFormat));
  const isNarrow = format !== 'f32' && spec.role === 'embedding';
  const tensor = empty(spec.shape, isNarrow ? 'bf16' : 'f32');
  if (!bytes) return tensor;
  return write(tensor, isNarrow ? halvesOf(spec, dtype, bytes) : floatsOf(spec, dtype, bytes), bytes);
}

/** A 4-bit base keeps its head in bf16, as QLoRA does, unless int8 is asked for. */
export function packedHeadFormat(format: BaseFormat, headFormat: HeadFormat): PackedFormat {
  if (headFormat === 'int8') return 'int8';
  return format === 'f32' ? 'packed-f32' : 'packed-bf16';
}

function packedFormat(spec: WeightSpec, format: BaseFormat): PackedFormat {
  if (format === 'f32') return 'packed-f32';
  if (format === 'int8') return 'int8';
  if (format === 'int4') throw notInt4(spec);
  if (format === 'bf16') return 'packed-bf16';
  if (fitsNf4(spec)) return 'nf4';
  const message = `[weights] expected a row length that is a multiple of 64 for NF4 of ${spec.name} but received ${shapeOnDevice(spec)[1]}; fix: ask for bf16 or int8, or train with method lora`;
  throw refusal('wrong_weight_shape', message, { param: spec.name });
}

const notInt4 = ({ name }: WeightSpec) =>
  refusal(
    'unsupported_dtype',
    `[weights] expected 4-bit codes of GPTQ or AWQ in neighbouring groups of 32, 64 or 128 for ${name} but received other weights; fix: ask for bf16 or nf4`,
    { param: name },
  );

/** The weight in the file's own type, so that packing rounds once. */
function plain(spec: WeightSpec, dtype: string, bytes: Uint8Array | undefined): Tensor {
  const own = dtype === 'BF16' ? 'bf16' : dtype === 'F16' ? 'f16' : 'f32';
  const tensor = empty(shapeOnDevice(spec), own);
  if (!bytes) return tensor;
  return write(tensor, own === 'f32' ? floatsOf(spec, dtype, bytes) : turned(spec, halvesFromBytes(bytes)), bytes);
}

/** The values, and `bytes` that they were made of, have come to their end here. */
function write(tensor: Tensor, values: Float32Array | Uint16Array, bytes: Uint8Array): Tensor {
  tensor.write(values);
  for (const array of [values, bytes]) releaseArray(array);
  return tensor;
}

/** transformers gives a model the head of its file when it differs from the embedding, whatever tie_word_embeddings says. */
export function refuseOtherHead(files: WeightSource, specs: readonly WeightSpec[]): void {
  const head = 'lm_head.weight';
  const embedding = specs.find(({ role }) => role === 'embedding')?.name;
  if (!files.names.includes(head) || embedding === undefined) return;
  const isSame = files.entry(head).dtype === files.entry(embedding).dtype;
  if (isSame && Buffer.compare(files.bytes(head), files.bytes(embedding)) === 0) return;
  const message = `[weights] expected ${head} to be the embedding, as tie_word_embeddings says, but received another; fix: set tie_word_embeddings to false`;
  throw refusal('unknown_weight', message, { param: head });
}
