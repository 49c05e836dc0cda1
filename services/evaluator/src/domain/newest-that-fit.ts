import { messageBytesMax } from '@hone/contracts';

/** What the frame around a list may take of a message. */
const reserveBytes = 4096;

/** The newest items that fit into one reply, newest first. */
export function newestThatFit<T extends { createdAt: number }>(items: readonly T[], limit: number): T[] {
  const taken: T[] = [];
  let bytes = 0;
  for (const item of [...items].sort((a, b) => b.createdAt - a.createdAt).slice(0, limit)) {
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes > messageBytesMax - reserveBytes) break;
    taken.push(item);
  }
  return taken;
}
