/** Tokenised rows, in memory or mapped from shards. */
export interface TokenDataset {
  readonly length: number;
  /** All ids of a row, prompt and answer. */
  tokens(row: number): Int32Array;
  /** 1 where the token is learnt (predicted from those before it), 0 where it is only read; as long as the tokens. */
  labelsMask(row: number): Uint8Array;
}

export interface TokenRow {
  readonly tokens: readonly number[] | Int32Array;
  /** Absent = every token is learnt (plain text). */
  readonly mask?: readonly number[] | Uint8Array;
}

/** Rows given as lists; the first `promptTokens` of a row can be masked by the caller. */
export function datasetOf(rows: readonly TokenRow[]): TokenDataset {
  const stored = rows.map(({ tokens, mask }) => ({
    tokens: Int32Array.from(tokens),
    mask: mask ? Uint8Array.from(mask) : new Uint8Array(tokens.length).fill(1),
  }));
  return {
    length: stored.length,
    tokens: (row) => (stored[row] as (typeof stored)[0]).tokens,
    labelsMask: (row) => (stored[row] as (typeof stored)[0]).mask,
  };
}
