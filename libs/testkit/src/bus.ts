import { book, ledgers, type LedgerSpec, type Message, type ServiceName } from '@hone/contracts';
import { connectMesh, type Mesh, type MeshOptions } from '@hone/mesh';
import { type NatsOptions, type NatsServer, startNats } from './nats-server.js';

export interface BusOptions extends NatsOptions {
  /** The book's messages when absent. */
  messages?: readonly Message[];
  ledgers?: readonly LedgerSpec[];
}

/** A nats-server with the book's streams, consumers and ledgers, and services connected to it. */
export interface Bus {
  nats: NatsServer;
  connect(service: ServiceName, options?: Partial<MeshOptions>): Promise<Mesh>;
  /** Ends every connection that this bus made, then the server. */
  stop(): Promise<void>;
}

export async function startBus({
  messages = book,
  ledgers: specs = Object.values(ledgers),
  ...options
}: BusOptions = {}): Promise<Bus> {
  const nats = await startNats(options);
  const meshes: Mesh[] = [];
  const connect = async (service: ServiceName, more: Partial<MeshOptions> = {}): Promise<Mesh> => {
    const mesh = await connectMesh({ service, url: nats.url, ...more });
    meshes.push(mesh);
    return mesh;
  };
  const stop = async (): Promise<void> => {
    await Promise.allSettled(meshes.map((mesh) => mesh.abandon()));
    await nats.stop();
  };
  try {
    const admin = await connect('gateway');
    await admin.ensureTopology({ messages, ledgers: specs });
    await admin.close();
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { nats, connect, stop };
}
