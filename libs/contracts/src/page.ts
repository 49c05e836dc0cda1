import { refusal } from '@hone/base';
import { messageBytesMax } from './streams.js';

/** What the frame around a list may take of a message. */
const reserveBytes = 4096;

export interface PageLimits {
  /** The id that the page before ended with. */
  after?: string | undefined;
  limit?: number;
  bytesMax?: number;
}

/** The next items of a list that fit into one reply; `hasMore` when some are left for the next page. */
export function pageOf<T>(
  items: readonly T[],
  { after, limit = Infinity, bytesMax = messageBytesMax - reserveBytes }: PageLimits = {},
): { data: T[]; hasMore: boolean } {
  const start = after === undefined ? 0 : items.findIndex((item) => (item as { id?: string }).id === after) + 1;
  if (after !== undefined && start === 0) throw unknownCursor(after);
  const data: T[] = [];
  let bytes = 0;
  for (const item of items.slice(start)) {
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1;
    if (data.length === limit || bytes > bytesMax) return { data, hasMore: true };
    data.push(item);
  }
  return { data, hasMore: false };
}

function unknownCursor(after: string) {
  const message = `[list] expected the id of a listed entry for after but received "${after}"`;
  return refusal('unknown_cursor', `${message}; fix: use the last id of the page before`, { param: 'after' });
}

/** Newest first by `createdAt`; of the same second, the later id first. */
export function newestFirst<T extends { createdAt: number; id?: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => b.createdAt - a.createdAt || ((a.id ?? '') < (b.id ?? '') ? 1 : -1));
}
