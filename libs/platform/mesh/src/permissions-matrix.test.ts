// Goal: the server lets each service publish exactly the book's subjects. Method: every service publishes to every subject of the
// book on a live server with the generated configuration; the refusals that the server reports are compared with the book.
import { book, type Message, type ServiceName, serviceNames } from '@hone/contracts';
import { type SecureBus, startSecureBus } from '@hone/testkit';
import { connect, nkeyAuthenticator, PermissionViolationError } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

let bus: SecureBus;
beforeAll(async () => {
  bus = await startSecureBus();
});
afterAll(() => bus.stop());

const maySay = (service: ServiceName, { kind, owner, peers }: Message): boolean =>
  kind === 'evt' ? owner === service : peers.includes(service);

/** The subjects that the server refuses when the service publishes to all of them, in the order of the book. */
async function refusedSubjects(service: ServiceName): Promise<string[]> {
  const seed = new TextEncoder().encode(bus.seeds[service]);
  const nats = await connect({
    servers: bus.nats.url,
    authenticator: nkeyAuthenticator(seed),
    inboxPrefix: `_INBOX_${service}`,
  });
  const refused: string[] = [];
  const heard = (async () => {
    for await (const status of nats.status()) {
      if (status.type === 'error' && status.error instanceof PermissionViolationError)
        refused.push(status.error.subject);
    }
  })();
  for (const { subject } of book) nats.publish(subject, 'x');
  // The server answers in order: after the flush every refusal has been sent.
  await nats.flush();
  await nats.close();
  await heard;
  return refused;
}

describe.each(serviceNames)('%s', (service) => {
  it('may publish the subjects that its messages name and is refused all others', async () => {
    const allowed = book.filter((message) => maySay(service, message)).map(({ subject }) => subject);
    const denied = book.filter((message) => !maySay(service, message)).map(({ subject }) => subject);
    expect(allowed.length).toBeGreaterThan(0);
    expect(denied.length).toBeGreaterThan(0);
    expect(await refusedSubjects(service)).toEqual(denied);
  });
});
