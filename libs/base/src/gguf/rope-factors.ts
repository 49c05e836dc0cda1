import { refuseGguf } from './cursor.js';

/** The parameters of every published Llama 3.x; only the factor differs (8 for 3.1, 32 for 3.2). */
const low = 1;
const high = 4;
const original = 8192;

/** By how much Llama 3.1's scaling slows each rotary frequency (transformers, _compute_llama3_parameters). */
export function llama3Factors(factor: number, theta: number, headDim: number): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * theta ** ((2 * i) / headDim);
    if (wavelength < original / high) return 1;
    if (wavelength > original / low) return factor;
    const smooth = (original / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
}

/**
 * GGUF holds Llama 3's scaling as a table of factors, config.json as the parameters that it comes from. The table is only taken
 * for parameters that give it back.
 */
export function llama3Scaling(
  file: string,
  factors: Float32Array,
  theta: number,
  headDim: number,
): Record<string, unknown> {
  // The factor itself is the table's largest entry, where the slow frequencies stand.
  const factor = Math.max(...factors.subarray(0, 4096));
  const expected = llama3Factors(factor, theta, headDim);
  const isLlama3 =
    factors.length === expected.length &&
    expected.every((value, i) => Math.abs(value - (factors[i] as number)) <= 1e-4 * value);
  if (!isLlama3) {
    const problem = 'the factors of rope_freqs.weight are not those of Llama 3';
    throw refuseGguf(file, problem, 'use the safetensors of the model');
  }
  return {
    rope_type: 'llama3',
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: original,
  };
}
