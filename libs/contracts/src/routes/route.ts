import type { z } from 'zod';
import type { Message } from '../form.js';
import type { ApiErrorName } from './errors.js';

/** How a request's body travels: multipart bodies are streamed and read part by part by the handler itself. */
export type BodyKind = 'none' | 'json' | 'multipart';

export interface RouteLimits {
  /** A longer body is refused with 413 before it is read to its end. */
  bodyBytesMax: number;
}

/** One HTTP operation of the gateway: its controller, its checks and its OpenAPI text all come from this entry. */
export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Reply extends z.ZodType = z.ZodType,
> {
  /** The name in OpenAPI, e.g. `createChatCompletion`; OpenAI's own where it has one. */
  operationId: string;
  /** The group in the docs: the first word of the path. */
  tag: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** OpenAPI form, e.g. `/v1/files/{file_id}`. */
  path: string;
  summary: string;
  /** `key`: a Bearer key is asked for; `open`: anybody on this machine may ask. */
  auth: 'key' | 'open';
  params: Params | undefined;
  query: Query | undefined;
  body: Body | undefined;
  bodyKind: BodyKind;
  reply: Reply;
  /** What the body of a success is. `sse-or-json`: server-sent events when the request says `stream: true`. */
  replyKind: 'json' | 'sse-or-json' | 'bytes';
  /** The schema of one event of a streamed reply. */
  event: z.ZodType | undefined;
  status: number;
  errors: readonly ApiErrorName[];
  /** The bus messages that the handler may ask; the gateway's permissions must hold each of them. */
  calls: readonly Message[];
  limits: RouteLimits;
}

export type ParamsOf<R extends Route> = R extends Route<infer P> ? z.output<P> : never;
export type QueryOf<R extends Route> = R extends Route<z.ZodType, infer Q> ? z.output<Q> : never;
export type BodyOf<R extends Route> = R extends Route<z.ZodType, z.ZodType, infer B> ? z.output<B> : never;
export type RouteReplyOf<R extends Route> =
  R extends Route<z.ZodType, z.ZodType, z.ZodType, infer Reply> ? z.input<Reply> : never;

const kibibyte = 1024;
/** JSON bodies become bus messages of at most 64 KiB; this bound only keeps parsing cheap. */
export const jsonBodyBytesMax = 256 * kibibyte;

interface Entry<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
  operationId: string;
  method: Route['method'];
  path: string;
  summary: string;
  auth?: Route['auth'];
  params?: P;
  query?: Q;
  body?: B;
  bodyKind?: BodyKind;
  reply: R;
  replyKind?: Route['replyKind'];
  event?: z.ZodType;
  status?: number;
  errors?: readonly ApiErrorName[];
  calls: readonly Message[];
  limits?: Partial<RouteLimits>;
}

/** What any route with a key may answer besides its own errors. */
const everywhere: readonly ApiErrorName[] = ['invalid_api_key', 'host_refused', 'service_unavailable', 'internal'];

export function route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  entry: Entry<P, Q, B, R>,
): Route<P, Q, B, R> {
  const { auth = 'key', errors = [], limits, ...rest } = entry;
  const tag = rest.path.replace(/^\/v1\//, '/').split('/')[1] ?? 'hone';
  const own = auth === 'key' ? everywhere : everywhere.filter((name) => name !== 'invalid_api_key');
  return {
    ...rest,
    tag,
    auth,
    params: rest.params,
    query: rest.query,
    body: rest.body,
    bodyKind: rest.bodyKind ?? (rest.body === undefined ? 'none' : 'json'),
    replyKind: rest.replyKind ?? 'json',
    event: rest.event,
    status: rest.status ?? 200,
    errors: [...new Set([...errors, ...own])],
    limits: { bodyBytesMax: jsonBodyBytesMax, ...limits },
  };
}
