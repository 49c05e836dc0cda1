/** Restores one block: `values` numbers from the bytes at `at`, written from `to` on. `half` reads an f16 at a byte. */
export type RestoreBlock = (
  bytes: Uint8Array,
  at: number,
  out: Float32Array,
  to: number,
  half: (at: number) => number,
) => void;
