export interface BestSoFar {
  readonly step: number;
  readonly metric: number;
  /** Evaluations since the best one without an improvement. */
  readonly misses: number;
}

/**
 * One evaluation more. An improvement must exceed the threshold; a step back counts as a miss. `isLower` = smaller is
 * better.
 */
export function judge(
  before: BestSoFar | undefined,
  { step, metric }: { step: number; metric: number },
  { isLower, threshold }: { isLower: boolean; threshold: number },
): BestSoFar {
  if (!before) return { step, metric, misses: 0 };
  const gain = isLower ? before.metric - metric : metric - before.metric;
  return gain > threshold ? { step, metric, misses: 0 } : { ...before, misses: before.misses + 1 };
}
