/** What bitsandbytes notes beside a 4-bit weight (QuantState.as_dict, packed into the bytes of a uint8 tensor). */
export interface QuantState {
  readonly shape: readonly [rows: number, columns: number];
  readonly blockSize: number;
  /** Double quantization: the block scales are 8-bit codes in blocks of their own, about an offset. */
  readonly nested: { readonly blockSize: number; readonly offset: number } | undefined;
}

/** A block of fewer weights than this would cost more than the weights; bitsandbytes goes up to 4096. */
const blockSizes = [32, 64, 128, 256, 512, 1024, 2048, 4096];

/** The longest that is read; real ones have some 200 bytes. */
export const quantStateBytesMax = 4096;

/** Reads the JSON; `bad` makes the refusal from what is wrong. */
export function parseQuantState(bytes: Uint8Array, bad: (problem: string) => Error): QuantState {
  const fields = jsonObject(bytes, bad);
  const shape = fields['shape'];
  if (!isShape(shape)) throw bad(`shape is ${shown(shape)}, expected two sizes`);
  const blockSize = blockSizeOf(fields, 'blocksize', bad);
  const isNested = fields['nested_blocksize'] !== undefined || fields['nested_offset'] !== undefined;
  if (!isNested) return { shape, blockSize, nested: undefined };
  const offset = fields['nested_offset'];
  if (typeof offset !== 'number' || !Number.isFinite(offset))
    throw bad(`nested_offset is ${shown(offset)}, expected a number`);
  return {
    shape,
    blockSize,
    nested: { blockSize: blockSizeOf(fields, 'nested_blocksize', bad), offset: Math.fround(offset) },
  };
}

function jsonObject(bytes: Uint8Array, bad: (problem: string) => Error): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Refused below, as every other value that is no object.
  }
  throw bad('its bytes are no JSON object');
}

const isShape = (value: unknown): value is [number, number] =>
  Array.isArray(value) &&
  value.length === 2 &&
  value.every((size) => Number.isSafeInteger(size) && (size as number) > 0) &&
  Number.isSafeInteger((value[0] as number) * (value[1] as number));

function blockSizeOf(fields: Record<string, unknown>, name: string, bad: (problem: string) => Error): number {
  const value = fields[name];
  if (typeof value === 'number' && blockSizes.includes(value)) return value;
  throw bad(`${name} is ${shown(value)}, expected one of ${blockSizes.join(', ')}`);
}

const shown = (value: unknown): string => JSON.stringify(value ?? null).slice(0, 60);
