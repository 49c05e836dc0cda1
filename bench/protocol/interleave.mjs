// Alternates contenders sample by sample, forwards and then backwards (A B B A ...), so that a slow minute of the machine
// meets every side. Numbers are medians with the 10th and 90th percentile.
import { quantile } from 'simple-statistics';

const spread = (seconds) => ({
  seconds: quantile(seconds, 0.5),
  p10: quantile(seconds, 0.1),
  p90: quantile(seconds, 0.9),
});

/**
 * Asks every contender the same case in turn. `sides` is [[contender, request], ...]; gives [{ seconds, p10, p90, detail }, ...]
 * in that order, or { error } where a side cannot run the case.
 */
export async function interleave(sides, { samples = 7 } = {}) {
  const found = sides.map(() => ({ times: [], detail: {}, error: undefined }));
  // One round unheard: packing, compiling and first touches belong to nobody.
  for (let round = 0; round <= samples; round++) {
    const order = [...sides.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const [contender, request] = sides[index];
      const side = found[index];
      if (side.error !== undefined) continue;
      try {
        const { seconds, detail } = await contender.ask(request);
        if (round > 0) side.times.push(seconds);
        side.detail = detail;
      } catch (error) {
        side.error = error.message;
      }
    }
  }
  return found.map(({ times, detail, error }) => (error === undefined ? { ...spread(times), detail } : { error }));
}
