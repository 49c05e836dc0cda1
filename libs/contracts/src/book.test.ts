import { describe, expect, it } from '@jest/globals';
import { book, consumerName, consumersOf, serviceNames } from './index.js';

describe.each(book.map((message) => [message.subject, message] as const))('%s', (_subject, message) => {
  it('accepts its example and keeps unknown fields of a newer sender', () => {
    const parsed = message.input.parse({ ...(message.example as object), addedLater: 1 });
    expect(parsed).toMatchObject({ addedLater: 1 });
  });

  it('refuses its counter-example', () => {
    expect(message.input.safeParse(message.counterExample).success).toBe(false);
  });

  it('has an owner and peers that exist', () => {
    expect(serviceNames).toContain(message.owner);
    expect(message.peers.length).toBeGreaterThan(0);
    for (const peer of message.peers) expect(serviceNames).toContain(peer);
  });
});

it('no two messages share a subject and no two consumers share a name', () => {
  const subjects = book.map((message) => message.subject);
  expect(new Set(subjects).size).toBe(subjects.length);
  const consumers = book.flatMap((message) => consumersOf(message).map((service) => consumerName(service, message)));
  expect(new Set(consumers).size).toBe(consumers.length);
});
