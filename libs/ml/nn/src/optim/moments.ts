import { empty, keep, zeros, type Moment8bit, type Tensor } from '@hone/tensor';
import type { ParameterArena } from '../parameter-arena.js';

/** Elements that share a scale, and the fewest for which 8 bits are worth it: both as in bitsandbytes. */
const block = 256;
export const leastElementsOf8bit = 4096;

/** First and second moment of an arena: f32, or 8-bit codes with a scale for each block. */
export type Moments = { readonly bits: 32; readonly m: Tensor; readonly v: Tensor } | NarrowMoments;
interface NarrowMoments {
  readonly bits: 8;
  readonly m: Moment8bit;
  readonly v: Moment8bit;
}

export function newMoments({ values }: ParameterArena, bits: 32 | 8): Moments {
  const [elements = 0] = values.shape;
  if (bits === 8 && elements >= leastElementsOf8bit) return { bits, m: narrow(elements), v: narrow(elements) };
  return { bits: 32, m: keep(zeros([elements])), v: keep(zeros([elements])) };
}

function narrow(elements: number): Moment8bit {
  const codes = keep(empty([elements], 'u8')).write(new Uint8Array(elements));
  return { codes, absmax: keep(zeros([Math.ceil(elements / block)])) };
}

/** The state by name: f32 moments go by the names of their parameters, codes and scales as they lie. */
export function* momentEntries(
  arena: ParameterArena,
  moments: Moments,
  group: number,
): Generator<{ name: string; tensor: Tensor }> {
  if (moments.bits === 8) {
    for (const [part, { codes, absmax }] of Object.entries({ m: moments.m, v: moments.v })) {
      yield { name: `group${group}.${part}.codes`, tensor: codes };
      yield { name: `group${group}.${part}.absmax`, tensor: absmax };
    }
    return;
  }
  for (const { name, offset, parameter } of arena.entries()) {
    yield { name: `exp_avg.${name}`, tensor: moments.m.slice(offset, parameter.shape) };
    yield { name: `exp_avg_sq.${name}`, tensor: moments.v.slice(offset, parameter.shape) };
  }
}

export function freeMoments({ bits, m, v }: Moments): void {
  const tensors = bits === 8 ? [m.codes, m.absmax, v.codes, v.absmax] : [m, v];
  for (const tensor of tensors) tensor.free();
}
