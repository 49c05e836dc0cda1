import { digestOf, seeded, type Digest } from '@hone/base';
import type { LoraAdapter } from '@hone/nn';
import type { CausalModel } from '../causal-model.js';

/** Token sequences on which two models are compared: drawn from a seed, and the caller's own texts. */
export interface ParityProbe {
  readonly seed: number;
  readonly sequences: readonly (readonly number[])[];
  readonly digest: Digest;
}

const drawnSequences = 8;
const drawnLength = 32;
const textSequencesMax = 64;
const textLengthMax = 256;

/** The same for a model and seed everywhere. Texts are cut to 256 tokens, and 64 of them count. */
export function parityProbe(
  { vocabSize, maxPositions }: { vocabSize: number; maxPositions: number },
  seed: number,
  texts: readonly (readonly number[])[] = [],
): ParityProbe {
  const length = Math.min(drawnLength, maxPositions);
  const drawn = Array.from({ length: drawnSequences }, (_, sequence) => {
    const random = seeded(seed, 'parity', sequence);
    return Array.from({ length }, () => Math.floor(random() * vocabSize));
  });
  const given = texts.slice(0, textSequencesMax).map((ids) => ids.slice(0, Math.min(textLengthMax, maxPositions)));
  const sequences = [...drawn, ...given.filter((ids) => ids.length > 1)];
  return { seed, sequences, digest: digestOf({ kind: 'parity-probe', seed, sequences }) };
}

/** log p of every token of the probe after its first, sequence by sequence. */
export function probeLogProbs(model: CausalModel, probe: ParityProbe, adapter?: LoraAdapter): Float32Array {
  const values: number[] = [];
  for (const ids of probe.sequences) {
    const hidden = model.hidden({
      ids: Int32Array.from(ids),
      positions: Int32Array.from(ids, (_, position) => position),
      cuSeqlens: Int32Array.of(0, ids.length),
      ...(adapter ? { adapter } : {}),
    });
    const { logp } = model.tokenLogProbs(hidden, Int32Array.from([...ids.slice(1), -1]));
    values.push(...logp.floats().subarray(0, ids.length - 1));
    hidden.free();
    logp.free();
  }
  return Float32Array.from(values);
}
