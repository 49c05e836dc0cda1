import { mapTexts, type Row } from './row.js';

/** Control characters other than tab and newline, and invisible marks that only confuse a vocabulary. */
// eslint-disable-next-line no-control-regex -- control characters are what this removes
const invisible = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b\u2060\ufeff]/g;

/** One spelling per text: composed Unicode, plain line ends, no invisible characters, no white space at the ends. */
export const normaliseText = (text: string): string =>
  text.normalize('NFC').replace(/\r\n?/g, '\n').replace(invisible, '').trim();

/** A completion's leading space is part of the old format and stays. */
export function normaliseRow(row: Row): Row {
  if ('completion' in row) {
    const gap = /^ /.exec(row.completion)?.[0] ?? '';
    return {
      ...row,
      prompt: normaliseText(row.prompt) + (/\s$/.exec(row.prompt)?.[0] ?? ''),
      completion: gap + normaliseText(row.completion),
    };
  }
  return mapTexts(row, normaliseText);
}

/** Words alone, in lower case: how two texts are compared when only their wording matters. */
export const words = (text: string): string[] =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];
