import { createHash } from 'node:crypto';

/** One side of an experiment. */
export interface Arm {
  name: string;
  /** Share of users relative to the other arms; 0 stops new and old users alike from getting it. */
  weight: number;
}

/**
 * The arm of a user: the hash of experiment and user as a number in [0, 1), looked up in the arms' shares. It depends on nothing
 * else, so every replica gives the same answer, a user keeps an arm while the weights stay, and the log can be recomputed.
 */
export function assign<A extends Arm>(experiment: string, user: string, arms: readonly A[]): A {
  const total = arms.reduce((sum, { weight }) => sum + weight, 0);
  if (arms.some(({ weight }) => !Number.isFinite(weight) || weight < 0) || total <= 0)
    throw new RangeError(
      `[assign] expected weights of at least 0 with a positive sum for ${experiment} but received ${arms.map(({ weight }) => weight).join(', ')}`,
    );
  const place = positionOf(experiment, user) * total;
  let end = 0;
  for (const arm of arms) {
    end += arm.weight;
    if (place < end) return arm;
  }
  // Rounding of the sum can leave the place at the very end, which belongs to the last arm that has a share.
  return arms.findLast(({ weight }) => weight > 0) as A;
}

/** Where a user stands in an experiment: uniform in [0, 1), independent between experiments. */
export function positionOf(experiment: string, user: string): number {
  const hash = createHash('sha256').update(`${experiment}\n${user}`).digest();
  return hash.readUIntBE(0, 6) / 2 ** 48;
}
