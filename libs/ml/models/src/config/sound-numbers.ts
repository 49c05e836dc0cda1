import { refusal } from '@hone/base';
import { layerNorms, type DecoderSpec } from './decoder-spec.js';
import type { RopeConfig } from './rope.js';

/** Refuses numbers with which every answer would be NaN: they have the right type, but no model computes with them. */
export function refuseUnsoundNumbers({ layers, norm }: DecoderSpec): void {
  const norms = [norm, ...layers.flatMap(layerNorms)];
  const broken = norms.find(({ eps }) => !(eps >= 0));
  if (broken) {
    const field = broken.kind === 'rms' ? 'rms_norm_eps' : 'layer_norm_epsilon';
    throw unsound(field, 'a number that is not below zero', broken.eps);
  }
  for (const { attention } of layers) {
    if (attention.rope) refuseRope(attention.rope);
    if (!(Number.isFinite(attention.scale) && attention.scale > 0)) {
      throw unsound('query_pre_attn_scalar', 'a number above zero, whose root scales the scores', attention.scale);
    }
  }
}

function refuseRope({ theta, scaling }: RopeConfig): void {
  if (!(theta > 0)) throw unsound('rope_theta', 'a number above zero', theta);
  if (scaling.type === 'default') return;
  if (!(scaling.factor > 0)) throw unsound('factor', 'a number above zero for the rotary scaling', scaling.factor);
  if (scaling.type !== 'llama3') return;
  const { lowFreqFactor, highFreqFactor } = scaling;
  if (!(lowFreqFactor > 0)) throw unsound('low_freq_factor', 'a number above zero', lowFreqFactor);
  // The frequencies between the two are blended over their distance.
  if (highFreqFactor > lowFreqFactor) return;
  throw unsound('high_freq_factor', `a number above low_freq_factor ${lowFreqFactor}`, highFreqFactor);
}

const unsound = (field: string, expected: string, value: number): Error =>
  refusal(
    'invalid_config',
    `[config] expected ${expected} for ${field} but received ${value}; fix: correct config.json`,
    {
      param: field,
    },
  );
