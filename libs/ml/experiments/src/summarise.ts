import { differenceOf, normalPValue, pValueOf, shareOf, type Counts, type Estimate } from './proportions.js';

/** What was seen of one arm. */
export interface ArmCounts extends Counts {
  arm: string;
  /** The share of users that this arm was meant to get, relative to the other arms. */
  weight: number;
}

export interface ArmSummary extends ArmCounts {
  share: Estimate;
  /** Against the first arm, the control; absent for the control itself and while one of the two has no trials. */
  difference?: Estimate;
  pValue?: number;
}

export interface ExperimentSummary {
  arms: ArmSummary[];
  /**
   * p-value of the observed split of trials against the weights. Below 0.001 something else than the assignment decides who is
   * counted, and the comparison must not be trusted (sample ratio mismatch). Only for two arms.
   */
  sampleRatioPValue?: number;
}

/** Shares, differences to the control and their intervals. The intervals hold for one look at the end, not for many on the way. */
export function summarise(counts: readonly ArmCounts[]): ExperimentSummary {
  const [control] = counts;
  const arms = counts.map((arm) => {
    const share = shareOf(arm);
    if (!control || arm === control || arm.trials === 0 || control.trials === 0) return { ...arm, share };
    return { ...arm, share, difference: differenceOf(arm, control), pValue: pValueOf(arm, control) };
  });
  const ratio = sampleRatioPValue(counts);
  return { arms, ...(ratio === undefined ? {} : { sampleRatioPValue: ratio }) };
}

function sampleRatioPValue(counts: readonly ArmCounts[]): number | undefined {
  const [a, b] = counts;
  if (!a || !b || counts.length !== 2) return undefined;
  const expected = a.weight / (a.weight + b.weight);
  if (!(expected > 0 && expected < 1)) return undefined;
  const trials = a.trials + b.trials;
  if (trials < ratioTrialsMin) return undefined;
  return normalPValue((a.trials - expected * trials) / Math.sqrt(trials * expected * (1 - expected)));
}

/** Fewer trials than this say nothing about the ratio. */
const ratioTrialsMin = 20;
