import { serviceNames, type ServiceName } from '../services.js';
import { messageBytesMax } from '../streams.js';
import { permissionsOf } from './permissions.js';

/** The public nkeys (`U...`) that the server knows, one for each service and one for the administrator. */
export interface NatsKeys {
  admin: string;
  services: Record<ServiceName, string>;
}

export interface NatsServerSettings {
  host: string;
  port: number;
  /** The monitoring endpoint stays on loopback; 0 = off. */
  monitorPort?: number;
  storeDirectory: string;
  /** Set by hand: the server's own guess follows the free space of the moment. */
  storeBytesMax: string;
  keys: NatsKeys;
}

/**
 * The configuration of the NATS server: JetStream with `sync_interval: always` (an acknowledged message survives a power cut)
 * and one user per service with the permissions of the book. Nobody is let in without a key.
 */
export function natsConfig({
  host,
  port,
  monitorPort = 0,
  storeDirectory,
  storeBytesMax,
  keys,
}: NatsServerSettings): string {
  const users = serviceNames.map((service) => serviceUser(service, keys.services[service])).join('\n');
  return `# Generated from the book of messages (libs/contracts); edit the book, not this file.
listen: ${JSON.stringify(`${host}:${port}`)}
${monitorPort === 0 ? '' : `http: "127.0.0.1:${monitorPort}"\n`}server_name: hone
max_payload: ${messageBytesMax * 2}

jetstream {
  store_dir: ${JSON.stringify(storeDirectory)}
  max_file_store: ${storeBytesMax}
  sync_interval: always
}

authorization {
  users: [
    # The administrator creates streams, consumers and ledgers; no service holds this key.
    { nkey: ${keys.admin}, permissions: { publish: ">", subscribe: ">" } }
${users}
  ]
}
`;
}

function serviceUser(service: ServiceName, nkey: string): string {
  const { publish, subscribe, responses } = permissionsOf(service);
  const list = (subjects: string[]): string =>
    subjects.map((subject) => `          ${JSON.stringify(subject)}`).join('\n');
  return `    # ${service}
    { nkey: ${nkey}, permissions: {
        publish: { allow: [
${list(publish)}
        ] }
        subscribe: { allow: [
${list(subscribe)}
        ] }${responses === undefined ? '' : `\n        allow_responses: { max: ${responses.max}, expires: "${responses.expires}" }`}
    } }`;
}
