/** The ids of one sequence and which of them are learnt. */
export interface TokenSequence {
  ids: Int32Array;
  /** 1 where the token is learnt, 0 where it is only read; as long as `ids`. */
  mask: Uint8Array;
}

/** What training reads: sequences by number, in the order in which they were written. */
export interface TokenDataset {
  readonly length: number;
  /** All tokens of all sequences. */
  readonly tokenCount: number;
  /** Tokens that are learnt. */
  readonly trainableCount: number;
  lengthOf(index: number): number;
  tokens(index: number): Int32Array;
  labelsMask(index: number): Uint8Array;
}

/** A dataset over sequences in memory. */
export function datasetOf(sequences: readonly TokenSequence[]): TokenDataset {
  const at = (index: number): TokenSequence => {
    const sequence = sequences[index];
    if (!sequence)
      throw new RangeError(`[token-dataset] expected an index below ${sequences.length} but received ${index}`);
    return sequence;
  };
  return {
    length: sequences.length,
    tokenCount: sequences.reduce((sum, { ids }) => sum + ids.length, 0),
    trainableCount: sequences.reduce((sum, { mask }) => sum + countOnes(mask), 0),
    lengthOf: (index) => at(index).ids.length,
    tokens: (index) => at(index).ids,
    labelsMask: (index) => at(index).mask,
  };
}

/** Several datasets one after the other, as when a split has many shards. */
export function concatenated(parts: readonly TokenDataset[]): TokenDataset {
  const starts = [0];
  for (const part of parts) starts.push((starts.at(-1) as number) + part.length);
  const length = starts.at(-1) as number;
  const locate = (index: number): [TokenDataset, number] => {
    if (index < 0 || index >= length)
      throw new RangeError(`[token-dataset] expected an index below ${length} but received ${index}`);
    const part = starts.findLastIndex((start) => start <= index && start < length);
    return [parts[part] as TokenDataset, index - (starts[part] as number)];
  };
  const from =
    <Result>(read: (dataset: TokenDataset, index: number) => Result) =>
    (index: number): Result =>
      read(...locate(index));
  return {
    length,
    tokenCount: parts.reduce((sum, part) => sum + part.tokenCount, 0),
    trainableCount: parts.reduce((sum, part) => sum + part.trainableCount, 0),
    lengthOf: from((dataset, index) => dataset.lengthOf(index)),
    tokens: from((dataset, index) => dataset.tokens(index)),
    labelsMask: from((dataset, index) => dataset.labelsMask(index)),
  };
}

export function countOnes(mask: Uint8Array): number {
  let ones = 0;
  for (const value of mask) ones += value;
  return ones;
}
