import { describe, expect, it } from '@jest/globals';
import { book, flows, natsConfig, permissionsOf, serviceNames, type ServiceName } from '../index.js';

describe('permissions', () => {
  it.each(serviceNames)('%s may publish the commands it sends and nothing of another owner', (service) => {
    const { publish } = permissionsOf(service);
    for (const message of book) {
      const may = message.kind === 'evt' ? message.owner === service : message.peers.includes(service);
      expect([message.subject, publish.includes(message.subject)]).toEqual([message.subject, may]);
    }
  });

  it.each(serviceNames)('%s holds no wildcard over the JetStream API and no inbox but its own', (service) => {
    const { publish, subscribe } = permissionsOf(service);
    for (const subject of publish)
      expect(subject).not.toMatch(/^(>|\$JS\.>|\$JS\.API\.>|\$KV\.>|hone\.>|hone\.v1\.>)$/);
    expect(subscribe.filter((subject) => subject.startsWith('_INBOX'))).toEqual([`_INBOX_${service}.>`]);
  });
});

describe('the NATS configuration', () => {
  const services = Object.fromEntries(serviceNames.map((service) => [service, `U${service.toUpperCase()}`])) as Record<
    ServiceName,
    string
  >;
  const text = natsConfig({
    host: '127.0.0.1',
    port: 4222,
    storeDirectory: '/data',
    storeBytesMax: '1GB',
    keys: { admin: 'UADMIN', services },
  });

  it('syncs every write and lets nobody in without a key', () => {
    expect(text).toContain('sync_interval: always');
    expect(text).not.toContain('no_auth_user');
    for (const service of serviceNames) expect(text).toContain(`{ nkey: U${service.toUpperCase()}, permissions`);
  });
});

describe.each(flows.map((flow) => [flow.title, flow] as const))('%s', (_title, flow) => {
  it('uses only messages that the book allows between those two services', () => {
    for (const { from, message, to } of flow.steps) {
      const [sender, receiver] =
        message.kind === 'evt' ? [message.owner, message.peers] : [message.peers, message.owner];
      expect([message.subject, [sender].flat()]).toEqual([message.subject, expect.arrayContaining([from])]);
      expect([message.subject, [receiver].flat()]).toEqual([message.subject, expect.arrayContaining([to])]);
    }
  });
});
