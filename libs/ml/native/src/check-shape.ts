import { bug } from '@hone/base';

/**
 * Throws unless `shape` is what a tensor can have: 1 to 4 dimensions that are whole numbers from 0 on. The native side receives four
 * numbers and could not tell a fifth dimension, or NaN, from one that is not there.
 */
export function checkShape(subject: string, shape: readonly number[]): void {
  if (shape.length < 1 || shape.length > 4) {
    throw bug(
      'shape',
      `[${subject}] expected 1 to 4 dimensions for shape but received ${shape.length} ([${shape.join(',')}]); fix: merge dimensions that lie side by side`,
    );
  }
  for (let at = 0; at < shape.length; at++) {
    const size = shape[at] as number;
    if (Number.isSafeInteger(size) && size >= 0) continue;
    throw bug(
      'shape',
      `[${subject}] expected a whole number from 0 and below 2^53 for dimension ${at} of shape but received ${size} ([${shape.join(',')}]); fix: ${fixOf(size)}`,
    );
  }
}

function fixOf(size: number): string {
  if (Number.isNaN(size)) return 'look for the missing setting or the division by 0 that it comes from';
  return Number.isInteger(size) ? 'bring it into the range' : 'round it before the call';
}
