import { floatFromF16 } from '../safetensors/floats.js';

let table: Float32Array | undefined;

/** The value of each of the 65,536 halves; made once, since a block of a quantised weight asks for one or two. */
export const halfValues = (): Float32Array =>
  (table ??= Float32Array.from({ length: 65_536 }, (_, half) => floatFromF16(half)));
