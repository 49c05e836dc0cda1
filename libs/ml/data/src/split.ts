import { digestOfBytes } from '@hone/base';

export type Split = 'train' | 'validation';

/**
 * The side of a row by the hash of its content alone: adding or removing other rows never moves it. Rows that are near
 * duplicates pass the key of the first of them and so stay on one side.
 */
export function splitOf(key: string, seed: number, validationFraction: number): Split {
  const hash = digestOfBytes(`${seed}\n${key}`).slice('sha256:'.length, 'sha256:'.length + 12);
  return parseInt(hash, 16) / 2 ** 48 < validationFraction ? 'validation' : 'train';
}
