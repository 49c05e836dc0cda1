/** The most that one bus message carries; a client that asks for more gets this many and `has_more`. */
export const pageLimitMax = 100;

export const page = <T>(data: T[], hasMore: boolean) => ({ object: 'list' as const, data, has_more: hasMore });

export const withEnds = <T extends { id: string }>(data: T[], hasMore: boolean) => ({
  ...page(data, hasMore),
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
});
