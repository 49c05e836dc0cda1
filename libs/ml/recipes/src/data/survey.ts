import { createHash } from 'node:crypto';
import { refusal, type Digest } from '@hone/base';
import type { TokenDataset } from './token-dataset.js';

/** What a run must know of its rows before the first step. */
export interface Survey {
  readonly digest: Digest;
  /** Tokens per row after truncation. */
  readonly lengths: Int32Array;
  /** Learnt tokens per row after truncation. */
  readonly targets: Int32Array;
  readonly truncatedRows: readonly number[];
  readonly tokens: number;
}

const shownRows = 20;

/** Reads every row once: hashed, measured, and refused where nothing would be learnt or an id is outside the vocabulary. */
export function surveyDataset(name: string, dataset: TokenDataset, maxLength: number, vocabSize: number): Survey {
  if (dataset.length === 0)
    throw refusal('empty_dataset', `[${name}] expected at least one row; fix: check the dataset`);
  const hash = createHash('sha256');
  const lengths = new Int32Array(dataset.length);
  const targets = new Int32Array(dataset.length);
  const truncatedRows: number[] = [];
  const masked: number[] = [];
  let tokens = 0;
  for (let row = 0; row < dataset.length; row++) {
    const ids = dataset.tokens(row);
    const mask = dataset.labelsMask(row);
    if (mask.length !== ids.length) throw badRow(name, row, `${ids.length} tokens but ${mask.length} mask entries`);
    const outside = ids.findIndex((id) => id < 0 || id >= vocabSize);
    if (outside >= 0) throw badRow(name, row, `id ${ids[outside]} at ${outside}, but the vocabulary has ${vocabSize}`);
    hash
      .update(bytesOf(Int32Array.of(ids.length)))
      .update(bytesOf(ids))
      .update(mask);
    if (ids.length > maxLength) truncatedRows.push(row);
    lengths[row] = Math.min(ids.length, maxLength);
    // The first token is predicted from nothing, so it never counts.
    targets[row] = mask.subarray(1, lengths[row]).reduce((sum, value) => sum + value, 0);
    if (targets[row] === 0) masked.push(row);
    tokens += lengths[row] as number;
  }
  if (masked.length > 0) throw allMasked(name, masked);
  return { digest: `sha256:${hash.digest('hex')}`, lengths, targets, truncatedRows, tokens };
}

const bytesOf = (ids: Int32Array): Uint8Array => new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);

const badRow = (name: string, row: number, problem: string) =>
  refusal('invalid_row', `[${name}] row ${row} has ${problem}; fix: tokenize it with the model's tokenizer`, {
    details: { row },
  });

const allMasked = (name: string, rows: readonly number[]) =>
  refusal(
    'nothing_to_learn',
    `[${name}] ${rows.length} rows have no learnt token within max_length (rows ${rows.slice(0, shownRows).join(', ')}); ` +
      'fix: raise max_length, shorten the prompts, or drop these rows',
    { details: { rows: rows.slice(0, shownRows), count: rows.length } },
  );
