/** What a model can be exported as. */
export type ExportTarget =
  'peft' | 'safetensors-f32' | 'safetensors-f16' | 'safetensors-bf16' | 'gguf-f16' | 'gguf-q8_0' | 'gguf-q4_0';

export interface ParityBound {
  /** Largest and mean absolute difference of log-probabilities that an export may have. */
  readonly max: number;
  readonly mean: number;
  /** Why it is not zero. */
  readonly reason: string;
}

/**
 * One table for every target. What is exact but for the order of sums has the bound of two correct f32 implementations; what
 * rounds weights has several times the difference measured on trained models (docs/guides/weight-formats.md), which is still far
 * below what a wrong scale, a swapped row or a missing tensor does: those move the mean by several units.
 */
export const parityBounds: Readonly<Record<ExportTarget, ParityBound>> = {
  peft: { max: 1e-6, mean: 1e-7, reason: 'the same base and the same f32 adapter, read again' },
  'safetensors-f32': { max: 2e-3, mean: 1e-4, reason: 'x W + (x A) B against x (W + A B): the order of f32 sums' },
  'safetensors-f16': { max: 0.1, mean: 0.01, reason: 'merged weights are rounded to 11 bits of mantissa' },
  'safetensors-bf16': { max: 0.4, mean: 0.05, reason: 'merged weights are rounded to 8 bits of mantissa' },
  'gguf-f16': { max: 0.1, mean: 0.01, reason: 'weights are rounded to 11 bits of mantissa' },
  'gguf-q8_0': { max: 1, mean: 0.15, reason: '8-bit codes with one scale for 32 weights' },
  'gguf-q4_0': { max: 10, mean: 1.5, reason: '4-bit codes with one scale for 32 weights' },
};
