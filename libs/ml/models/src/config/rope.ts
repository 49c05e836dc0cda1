import type { ConfigFields } from './read-fields.js';

/** How the rotary frequencies are stretched beyond the trained context. */
export type RopeScaling =
  | { readonly type: 'default' }
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFreqFactor: number;
      readonly highFreqFactor: number;
      readonly originalMaxPositions: number;
    };

export interface RopeConfig {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

/** Reads rope_theta and rope_scaling, or rope_parameters, which holds both since transformers 5. */
export function readRope(config: ConfigFields, defaults: { theta: number } = { theta: 10_000 }): RopeConfig {
  const parameters = readRopeParameters(config);
  const scaling = parameters ?? config.record('rope_scaling');
  const outer = config.number('rope_theta', defaults.theta);
  const name = parameters ? 'rope_parameters' : 'rope_scaling';
  if (scaling?.has('full_attention') || scaling?.has('sliding_attention')) {
    throw config.unsupported(name, 'this architecture has one rotary table for all layers');
  }
  return readRopeOf(scaling, outer, (reason) => config.unsupported(name, reason));
}

/** rope_parameters, where rope_scaling does not say the same thing again: transformers lets the older field win without a word. */
export function readRopeParameters(config: ConfigFields): ConfigFields | undefined {
  const parameters = config.record('rope_parameters');
  if (parameters && config.raw('rope_scaling') !== undefined) {
    throw config.unsupported('rope_scaling', 'rope_parameters is there too, and only one of them can hold');
  }
  return parameters;
}

/** One table: the frequencies' base and how they are stretched. */
export function readRopeOf(
  scaling: ConfigFields | undefined,
  outerTheta: number,
  refuse: (reason: string) => Error,
): RopeConfig {
  const theta = scaling?.number('rope_theta', outerTheta) ?? outerTheta;
  const type = scaling?.raw('rope_type') ?? scaling?.raw('type') ?? 'default';
  if ((scaling?.number('partial_rotary_factor', 1) ?? 1) !== 1) throw refuse('rotary embedding covers whole heads');
  if (!scaling || type === 'default') return { theta, scaling: { type: 'default' } };
  if (type === 'linear') return { theta, scaling: { type, factor: scaling.number('factor') } };
  if (type === 'llama3') {
    return {
      theta,
      scaling: {
        type,
        factor: scaling.number('factor'),
        lowFreqFactor: scaling.number('low_freq_factor'),
        highFreqFactor: scaling.number('high_freq_factor'),
        originalMaxPositions: scaling.size('original_max_position_embeddings'),
      },
    };
  }
  throw refuse('only default, linear and llama3 rotary scaling are built');
}

/** Angle per position for each pair of dimensions: theta^(-2i/D), then the scaling. Computed in f64, stored as f32. */
export function inverseFrequencies({ theta, scaling }: RopeConfig, headDim: number): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, i) => {
    // transformers computes these in f32; the same rounding keeps long positions equal.
    const frequency = Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / headDim)));
    if (scaling.type === 'linear') return frequency / scaling.factor;
    return scaling.type === 'llama3' ? llama3Frequency(frequency, scaling) : frequency;
  });
}

/** Llama 3.1: long waves are slowed by the factor, short ones kept, those between are blended. */
function llama3Frequency(frequency: number, scaling: Extract<RopeScaling, { type: 'llama3' }>): number {
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < originalMaxPositions / highFreqFactor) return frequency;
  if (wavelength > originalMaxPositions / lowFreqFactor) return frequency / factor;
  const smooth = (originalMaxPositions / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}
