import { fault, newId, refusal } from '@hone/base';
import { type Route, routes } from '@hone/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Keys } from './keys.js';

export interface DoorRules {
  keys: Keys;
  /** Host names beside the loopback ones that requests may name, e.g. behind a proxy. */
  hosts: readonly string[];
  /** Requests in work at the same time; the next one is told to come again. */
  requestsMax: number;
}

const loopback = ['127.0.0.1', 'localhost', '[::1]'];

const openPaths = new Set(
  routes.filter((route) => route.auth === 'open').map((route) => `${route.method} ${route.path}`),
);

export const newRequestId = (): string => newId('req').replace('-', '_');

/**
 * Checks what must be checked before a body is read: the Host and Origin headers (a web page that reaches the loopback through
 * a re-bound name is turned away), the number of requests in work, and the key of every route that is not open.
 */
export function guardDoor(fastify: FastifyInstance, { keys, hosts, requestsMax }: DoorRules): void {
  const allowed = new Set([...loopback, ...hosts.map((host) => host.toLowerCase())]);
  let inWork = 0;
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
    // Node, fastify and Nest together listen for the end of a streamed answer about ten times; that is no leak.
    reply.raw.setMaxListeners(32);
    inWork++;
    reply.raw.once('close', () => inWork--);
    refuseForeign(request, allowed);
    if (isOpen(request)) return;
    keys.identify(request.headers.authorization);
    if (inWork > requestsMax) throw overloaded(requestsMax);
    refuseLong(request);
  });
}

const isOpen = ({ method, routeOptions }: FastifyRequest): boolean =>
  openPaths.has(`${method === 'HEAD' ? 'GET' : method} ${routeOptions.url}`);

function refuseForeign(request: FastifyRequest, allowed: Set<string>): void {
  const { host, origin } = request.headers;
  if (host === undefined || !allowed.has(withoutPort(host))) throw foreign('Host', 'HONE_GATEWAY_HOSTS');
  if (origin === undefined) return;
  const name = URL.canParse(origin) ? withoutPort(new URL(origin).host) : '';
  if (!allowed.has(name)) throw foreign('Origin', 'HONE_GATEWAY_HOSTS');
}

const withoutPort = (host: string): string => host.toLowerCase().replace(/:\d+$/, '');

const foreign = (header: string, setting: string) =>
  refusal(
    'host_refused',
    `The ${header} header names a site that this gateway does not serve; fix: name it in ${setting}.`,
    { status: 403 },
  );

const overloaded = (requestsMax: number) =>
  fault('overloaded', `More than ${requestsMax} requests are in work; fix: come again after Retry-After.`, {
    status: 429,
    retryAfterSeconds: 1,
  });

/** Room for the boundaries and headers of a multipart body. */
const multipartExtraBytes = 1024 * 1024;

/** A body that says that it is too long is refused before its first byte is read. */
function refuseLong(request: FastifyRequest): void {
  const route = routeOf(request);
  const length = Number(request.headers['content-length'] ?? 0);
  const bytesMax = (route?.limits.bodyBytesMax ?? 0) + (route?.bodyKind === 'multipart' ? multipartExtraBytes : 0);
  if (route !== undefined && length > bytesMax) throw tooLarge(length, route.limits.bodyBytesMax);
}

export const tooLarge = (bytes: number, bytesMax: number) =>
  refusal('too_large', `The body of ${bytes} bytes is over the limit of ${bytesMax}; fix: send less.`, { status: 413 });

const byUrl = new Map<string, Route>(
  routes.map((route) => [`${route.method} ${route.path.replace(/\{(\w+)\}/g, ':$1')}`, route]),
);
const routeOf = ({ method, routeOptions }: FastifyRequest) => byUrl.get(`${method} ${routeOptions.url}`);
