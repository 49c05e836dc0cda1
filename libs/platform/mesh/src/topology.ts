import { fault } from '@hone/base';
import {
  consumerName,
  consumersOf,
  type LedgerSpec,
  type Message,
  messageBytesMax,
  type ServiceName,
  streamOf,
  streams,
  type StreamSpec,
} from '@hone/contracts';
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';

const nanosPerMs = 1_000_000;
/** Room for headers beside the largest body. */
const headerBytesMax = 8 * 1024;
/** Messages in the hands of workers or waiting for their retry, per consumer; not the worker count, because the waiting ones count too. */
const unacknowledgedMax = 256;

export const bucketStream = (bucket: string): string => `KV_${bucket}`;

export const streamConfig = (spec: StreamSpec, replicas: number): Partial<StreamConfig> & { name: string } => ({
  name: spec.name,
  description: spec.summary,
  subjects: spec.subjects,
  retention: spec.retention === 'workqueue' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
  storage: StorageType.File,
  // A full queue of work refuses the sender; a full log of facts forgets the oldest.
  discard: spec.retention === 'workqueue' ? DiscardPolicy.New : DiscardPolicy.Old,
  max_age: spec.ageMsMax * nanosPerMs,
  max_bytes: spec.bytesMax,
  max_msg_size: messageBytesMax + headerBytesMax,
  duplicate_window: spec.duplicateWindowMs * nanosPerMs,
  num_replicas: replicas,
  allow_direct: false,
});

export const bucketConfig = (spec: LedgerSpec, replicas: number): Partial<StreamConfig> & { name: string } => ({
  name: bucketStream(spec.bucket),
  description: spec.summary,
  subjects: [`$KV.${spec.bucket}.>`],
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  max_msgs_per_subject: spec.history,
  max_bytes: spec.bytesMax,
  max_msg_size: messageBytesMax + headerBytesMax,
  allow_rollup_hdrs: true,
  deny_delete: true,
  num_replicas: replicas,
  allow_direct: false,
});

export const consumerConfig = (service: ServiceName, message: Message): Partial<ConsumerConfig> => ({
  durable_name: consumerName(service, message),
  filter_subject: message.subject,
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  replay_policy: ReplayPolicy.Instant,
  ack_wait: message.delivery.ackWaitMs * nanosPerMs,
  max_deliver: -1,
  max_ack_pending: unacknowledgedMax,
});

export interface Topology {
  streams?: readonly StreamSpec[];
  ledgers: readonly LedgerSpec[];
  messages: readonly Message[];
  /** Copies of each stream in a cluster. */
  replicas?: number;
}

/** Creates or updates every stream, bucket and consumer of the book, then reads each back: a server that dropped a flag is refused. */
export async function ensureTopology(
  manager: JetStreamManager,
  { streams: specs = Object.values(streams), ledgers, messages, replicas = 1 }: Topology,
): Promise<void> {
  for (const spec of specs) await ensureStream(manager, streamConfig(spec, replicas));
  for (const spec of ledgers) await ensureStream(manager, bucketConfig(spec, replicas));
  for (const message of messages) {
    for (const service of consumersOf(message)) await ensureConsumer(manager, service, message);
  }
}

async function ensureStream(
  manager: JetStreamManager,
  config: Partial<StreamConfig> & { name: string },
): Promise<void> {
  const exists = await known(manager.streams.info(config.name));
  const { retention: _retention, storage: _storage, name: _name, ...changeable } = config;
  await (exists ? manager.streams.update(config.name, changeable) : manager.streams.add(config));
  const info = await manager.streams.info(config.name);
  refuseDifference(`stream ${config.name}`, { ...config }, { ...info.config });
}

async function ensureConsumer(manager: JetStreamManager, service: ServiceName, message: Message): Promise<void> {
  if (message.kind === 'rpc') return;
  const stream = streamOf(message.kind).name;
  const config = consumerConfig(service, message);
  const name = consumerName(service, message);
  const exists = await known(manager.consumers.info(stream, name));
  await (exists ? manager.consumers.update(stream, name, config) : manager.consumers.add(stream, config));
  const info = await manager.consumers.info(stream, name);
  refuseDifference(`consumer ${name}`, { ...config }, { ...info.config });
}

async function known(info: Promise<unknown>): Promise<boolean> {
  try {
    await info;
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && /not found/i.test(thrown.message)) return false;
    throw thrown;
  }
}

/** Servers drop flags that they do not know without an error, so every requested one is compared with what is in force. */
export function refuseDifference(name: string, wanted: Record<string, unknown>, actual: Record<string, unknown>): void {
  for (const [flag, value] of Object.entries(wanted)) {
    const found = actual[flag];
    if (same(value, found)) continue;
    const text = `[${name}] expected ${JSON.stringify(value)} for ${flag} but received ${JSON.stringify(found) ?? 'nothing'} from the NATS server`;
    throw fault(
      'topology_differs',
      `${text}; fix: use nats-server 2.12.7 or newer and run hone up (or hone doctor) with its admin credential`,
    );
  }
}

/** An absent flag of the answer means its zero value, as Go leaves those out. */
function same(wanted: unknown, found: unknown): boolean {
  if (found === undefined) return wanted === false || wanted === 0 || wanted === '' || wanted === undefined;
  return JSON.stringify(wanted) === JSON.stringify(found);
}
