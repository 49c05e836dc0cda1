import { type HoneError, refusal } from '@hone/base';
import type { DatasetManifest } from '@hone/contracts';
import type { CurationReport, Refusal, RefusalCode } from '@hone/data';

/** Lines that are shown with an error or kept in a manifest; all of them are counted. */
export const refusedShownMax = 100;
const reasonCharsMax = 300;
const linesInMessageMax = 5;

/** Rows that are in order but not wanted: leaving them out is the service's work, not the file's mistake. */
const dropped = new Set<RefusalCode>(['duplicate', 'near_duplicate', 'evaluation_overlap']);

export const isMistake = ({ code }: Refusal): boolean => !dropped.has(code);

export type RefusedRow = DatasetManifest['refused']['first'][number];

export const shownRefusals = (refusals: readonly Refusal[]): RefusedRow[] =>
  refusals.slice(0, refusedShownMax).map(({ file, line, reason }) => ({
    ...(file ? { file } : {}),
    line,
    reason: reason.slice(0, reasonCharsMax),
  }));

/** The first mistakes with their lines, as a refusal of the whole build. */
export function invalidFile(mistakes: readonly Refusal[], lines: number): HoneError {
  const first = shownRefusals(mistakes.slice(0, linesInMessageMax)).map(
    ({ file, line, reason }) => `${file ?? 'file'} line ${line}: ${reason}`,
  );
  const more = mistakes.length > first.length ? `; and ${mistakes.length - first.length} more` : '';
  const message = `[dataset] expected every line to be a row but ${mistakes.length} of ${lines} are not: ${first.join('; ')}${more}`;
  return refusal('invalid_file', `${message}; fix: correct these lines and upload the file again`, {
    param: `${mistakes[0]?.file ?? 'training'}_file`,
    details: { refused: shownRefusals(mistakes), lines: mistakes.slice(0, refusedShownMax).map(({ line }) => line) },
  });
}

/** Why there is nothing to train on. */
export function nothingToTrain({ lines, refusals }: CurationReport): HoneError {
  if (lines === 0) {
    const message = '[dataset] expected at least one row but received an empty file';
    return refusal('empty_file', `${message}; fix: write one JSON object per line`, { param: 'training_file' });
  }
  const reasons = new Map<string, number>();
  for (const { code } of refusals) reasons.set(code, (reasons.get(code) ?? 0) + 1);
  const counts = [...reasons].map(([code, count]) => `${count} ${code}`).join(', ');
  const message = `[dataset] expected at least one row to train on but ${lines} lines gave none (${counts || 'all went to validation'})`;
  return refusal('no_training_rows', `${message}; fix: add rows that are not in the validation file`, {
    param: 'training_file',
  });
}
