import type { CuratedRow, Row } from '@hone/data';

/** Which part of a dataset's sources a row came from. */
export type SourceRole = 'training' | 'validation' | 'feedback';

/** A row as it lies in a chunk: itself and its place in its source. */
export const storedLine = ({ row, origin }: Pick<CuratedRow, 'row' | 'origin'>): string =>
  `${JSON.stringify({ ...row, origin })}\n`;

/** A line of a chunk as a row; chunks are written by this service alone, so their shape is known. */
export const storedRow = (line: string): Row => JSON.parse(line) as Row;
