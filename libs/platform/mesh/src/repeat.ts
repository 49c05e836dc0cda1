import type { Link } from './connection.js';
import { pause } from './pause.js';

const retryMs = 250;

/**
 * Asks the server again until it answers or the time is over; for acts that may safely happen twice. A question that was on its
 * way when the connection broke has no answer any more, so it is asked anew as soon as the connection is back.
 */
export async function repeat<T>(
  link: Link,
  limitMs: number,
  isFinal: (thrown: unknown) => boolean,
  ask: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  for (;;) {
    await link.whenConnected(limitMs - (performance.now() - started));
    try {
      return await unlessReconnected(link, ask());
    } catch (thrown) {
      const isOver = performance.now() - started + retryMs > limitMs;
      if (isOver || link.nats.isClosed() || (!(thrown instanceof Reconnected) && isFinal(thrown))) throw thrown;
      if (!(thrown instanceof Reconnected)) await pause(retryMs);
    }
  }
}

class Reconnected extends Error {
  override name = 'Reconnected';
  override message = 'the connection to NATS broke while the answer was awaited';
}

function unlessReconnected<T>(link: Link, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = link.onReconnect(() => reject(new Reconnected()));
    answer.then(resolve, reject).finally(forget);
  });
}
