import { refusal, type Digest } from '@hone/base';
import { parityBounds, type ExportTarget, type ParityBound } from './bounds.js';
import type { ParityProbe } from './probe.js';

/** How far an export's answers are from those of the trained model. */
export interface ParityCertificate {
  readonly target: ExportTarget;
  readonly maxDifference: number;
  readonly meanDifference: number;
  readonly bound: Pick<ParityBound, 'max' | 'mean'>;
  /** Tokens compared, on sequences that the seed and the digest name. */
  readonly tokens: number;
  readonly probeSeed: number;
  readonly probeDigest: Digest;
  /** The trained model (base and adapter) and the exported files, by content. */
  readonly trained: Digest;
  readonly exported: Digest;
}

/** Compares two sets of log-probabilities of one probe; a difference that is no number counts as infinite. */
export function parityCertificate(
  target: ExportTarget,
  probe: ParityProbe,
  trained: { readonly digest: Digest; readonly logProbs: Float32Array },
  exported: { readonly digest: Digest; readonly logProbs: Float32Array },
): ParityCertificate {
  let [largest, sum] = [0, 0];
  trained.logProbs.forEach((value, i) => {
    const difference = Math.abs(value - (exported.logProbs[i] ?? NaN));
    const counted = Number.isFinite(difference) ? difference : Infinity;
    largest = Math.max(largest, counted);
    sum += counted;
  });
  const { max, mean } = parityBounds[target];
  return {
    target,
    maxDifference: largest,
    meanDifference: sum / trained.logProbs.length,
    bound: { max, mean },
    tokens: trained.logProbs.length,
    probeSeed: probe.seed,
    probeDigest: probe.digest,
    trained: trained.digest,
    exported: exported.digest,
  };
}

/** Refuses an export whose answers are further away than its format explains. */
export function requireParity(certificate: ParityCertificate): ParityCertificate {
  const { target, maxDifference, meanDifference, bound } = certificate;
  if (maxDifference <= bound.max && meanDifference <= bound.mean) return certificate;
  const message =
    `[export] expected ${target} within ${bound.max} (mean ${bound.mean}) of the trained model's log-probabilities but it ` +
    `differs by ${maxDifference.toPrecision(3)} (mean ${meanDifference.toPrecision(3)}); fix: ${remedyFor(maxDifference)}`;
  // JSON knows no infinity.
  const details = { target, maxDifference: String(maxDifference), meanDifference: String(meanDifference), bound };
  throw refusal('export_differs', message, { param: 'type', details });
}

/** Answers that are no numbers come from weights or an adapter that are none, and no type of file holds those better. */
const remedyFor = (maxDifference: number): string =>
  Number.isFinite(maxDifference)
    ? 'export a wider type'
    : 'some answers are NaN or infinite, which no type mends: train again with a smaller learning rate';
