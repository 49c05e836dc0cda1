import { fault, HoneError } from '@hone/base';
import { connect, type NatsConnection, nkeyAuthenticator, PermissionViolationError } from '@nats-io/transport-node';
import type { MeshLog } from './log.js';
import { pause } from './pause.js';

export interface ConnectionOptions {
  /** The name of the process on the bus and of its inbox prefix `_INBOX_<service>`. */
  service: string;
  /** `nats://host:port`, several separated by commas. */
  url: string;
  /** The service's private nkey (`SU...`); anonymous when absent. */
  nkeySeed?: string;
  log: MeshLog;
}

export interface Link {
  nats: NatsConnection;
  /** Settles when the connection has ended for good: with the reason, or with nothing after our own close. */
  ended: Promise<HoneError | undefined>;
  /** Ends the connection because of an error from which no retry leads out. */
  fail(error: HoneError): void;
  onReconnect(listener: () => void): () => void;
  isConnected(): boolean;
  /** Waits at most so long for a lost connection; the client drops what is said meanwhile, and its answer would never come. */
  whenConnected(limitMs: number): Promise<void>;
}

/**
 * Connects and stays connected: reconnects for ever (the client's default gives up after ten tries), sees a dead peer within
 * half a minute (the default takes four), and waits on the first connect. A denied subject is fatal, because the client
 * reports it nowhere else: a consumer without its permission would stay silent for ever.
 */
export async function openLink({ service, url, nkeySeed, log }: ConnectionOptions): Promise<Link> {
  const nats = await connect({
    servers: url.split(',').map((server) => server.trim()),
    name: service,
    inboxPrefix: inboxPrefix(service),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    reconnectJitter: 250,
    waitOnFirstConnect: true,
    pingInterval: 15_000,
    maxPingOut: 2,
    ...(nkeySeed === undefined ? {} : { authenticator: nkeyAuthenticator(new TextEncoder().encode(nkeySeed)) }),
  }).catch((cause: unknown) => {
    throw notConnected(service, url, cause);
  });
  const listeners = new Set<() => void>();
  let isConnected = true;
  let reason: HoneError | undefined;
  const fail = (error: HoneError): void => {
    reason ??= error;
    log.error({ code: error.code }, error.message);
    void nats.close();
  };
  void watchStatus();
  return {
    nats,
    fail,
    ended: nats.closed().then((error) => reason ?? (error ? notConnected(service, url, error) : undefined)),
    onReconnect: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    isConnected: () => isConnected && !nats.isClosed(),
    whenConnected: async (limitMs) => {
      if (isConnected || nats.isClosed()) return;
      const back = new AbortController();
      const listener = (): void => back.abort();
      listeners.add(listener);
      void nats.closed().then(listener);
      await pause(limitMs, back.signal);
      listeners.delete(listener);
    },
  };

  async function watchStatus(): Promise<void> {
    for await (const status of nats.status()) {
      if (status.type === 'disconnect') {
        isConnected = false;
        log.warn({ server: status.server }, 'the connection to NATS is lost; reconnecting');
      } else if (status.type === 'reconnect') {
        isConnected = true;
        log.info({ server: status.server }, 'connected to NATS again');
        for (const listener of listeners) listener();
      } else if (status.type === 'error' && status.error instanceof PermissionViolationError) {
        fail(denied(service, status.error));
      } else if (status.type === 'error') {
        log.warn({ error: status.error.message }, 'NATS reports an error');
      }
    }
  }
}

export const inboxPrefix = (service: string): string => `_INBOX_${service}`;

function notConnected(service: string, url: string, cause: unknown): HoneError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const message = `[mesh] expected a NATS server that lets ${service} in for url but received "${text}" from ${withoutSecrets(url)}`;
  return fault('bus_unavailable', `${message}; fix: check HONE_NATS_URL and the service's nkey`, { cause });
}

export function denied(service: string, error: PermissionViolationError): HoneError {
  const message = `[${error.subject}] expected permission for ${error.operation} by ${service} but received a refusal of the NATS server`;
  return fault('bus_permission_denied', `${message}; fix: generate the server's permissions again from the book`, {
    cause: error,
    details: { operation: error.operation, subject: error.subject },
  });
}

const withoutSecrets = (url: string): string => url.replace(/\/\/[^@/]*@/g, '//***@');
