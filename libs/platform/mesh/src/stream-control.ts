export { controlSubject } from '@hone/contracts';

/** Both sides of a streamed reply show life this often, so that either notices the other's death. */
export const aliveEveryMs = 2000;

/** After so much silence the other side is taken for dead. */
export const silenceMsMax = 10_000;
