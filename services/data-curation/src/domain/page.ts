import { refusal } from '@hone/base';

export interface PageRequest {
  after?: string | undefined;
  limit: number;
  order: 'asc' | 'desc';
}

/** A page of things by time, and by id where times are equal: the order that the OpenAI API's cursors walk along. */
export function pageOf<T extends { id: string; createdAt: number }>(
  items: readonly T[],
  { after, limit, order }: PageRequest,
): { data: T[]; hasMore: boolean } {
  const sign = order === 'asc' ? 1 : -1;
  const sorted = [...items].sort((a, b) => sign * (a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)));
  const start = after === undefined ? 0 : sorted.findIndex((item) => item.id === after) + 1;
  if (after !== undefined && start === 0) {
    throw refusal(
      'unknown_cursor',
      `[list] expected the id of a listed entry for after but received "${after}"; fix: use the last id of the page before`,
      {
        param: 'after',
      },
    );
  }
  return { data: sorted.slice(start, start + limit), hasMore: start + limit < sorted.length };
}
