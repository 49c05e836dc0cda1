import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { book, ledgers, natsConfig, type ServiceName, serviceNames } from '@hone/contracts';
import { connectMesh, makeNkey, type Mesh } from '@hone/mesh';
import { type NatsServer, startNats } from './nats-server.js';

/** A bus with the users and permissions of the book: one key per service and one for the administrator. */
export interface SecureBus {
  nats: NatsServer;
  /** The private seeds, as set-up writes them to files. */
  seeds: Record<ServiceName | 'admin', string>;
  /** A folder with `<service>.nk` files. */
  seedDirectory: string;
  connect(service: ServiceName, key?: ServiceName): Promise<Mesh>;
  stop(): Promise<void>;
}

export async function startSecureBus(): Promise<SecureBus> {
  const pairs = [...serviceNames, 'admin' as const].map((name) => [name, makeNkey()] as const);
  const seeds = Object.fromEntries(pairs.map(([name, { seed }]) => [name, seed])) as SecureBus['seeds'];
  const publicKeys = Object.fromEntries(pairs.map(([name, { publicKey }]) => [name, publicKey])) as SecureBus['seeds'];
  const nats = await startNats({
    configuration: ({ port, storeDirectory }) =>
      natsConfig({
        host: '127.0.0.1',
        port,
        storeDirectory,
        storeBytesMax: '4GB',
        keys: { admin: publicKeys.admin, services: publicKeys },
      }),
  });
  const seedDirectory = await mkdtemp(join(tmpdir(), 'hone-keys-'));
  for (const [name, seed] of Object.entries(seeds))
    await writeFile(join(seedDirectory, `${name}.nk`), seed, { mode: 0o600 });
  const meshes: Mesh[] = [];
  const connect = async (service: ServiceName, key: ServiceName | 'admin' = service): Promise<Mesh> => {
    const mesh = await connectMesh({ service, url: nats.url, nkeySeed: seeds[key] });
    meshes.push(mesh);
    return mesh;
  };
  const admin = await connect('gateway', 'admin');
  await admin.ensureTopology({ messages: book, ledgers: Object.values(ledgers) });
  await admin.close();
  const stop = async (): Promise<void> => {
    await Promise.allSettled(meshes.map((mesh) => mesh.abandon()));
    await nats.stop();
    await rm(seedDirectory, { recursive: true, force: true });
  };
  return { nats, seeds, seedDirectory, connect, stop };
}
