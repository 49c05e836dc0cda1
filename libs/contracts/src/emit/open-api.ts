import type { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { apiErrorBody, apiErrors, type ApiErrorName } from '../routes/errors.js';
import { routes } from '../routes/index.js';
import type { Route } from '../routes/route.js';

type Responses = ZodOpenApiOperationObject['responses'];

/** The HTTP surface as an OpenAPI 3.1 document; the gateway serves it and docs/book keeps a copy. */
export const openApi = (): object =>
  createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Hone',
      version: '0.1.0',
      description: "The gateway's HTTP API: OpenAI's shapes where OpenAI has the operation, Hone's own beside them.",
    },
    paths: paths(),
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'The key that `hone up` makes.' } },
    },
  });

function paths(): ZodOpenApiPathsObject {
  const all: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = (all[route.path] ??= {});
    path[route.method.toLowerCase() as 'get' | 'post' | 'delete'] = operation(route);
  }
  return all;
}

function operation(route: Route): ZodOpenApiOperationObject {
  const requestParams = {
    ...(route.params === undefined ? {} : { path: route.params as z.ZodObject }),
    ...(route.query === undefined ? {} : { query: route.query as z.ZodObject }),
  };
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    security: route.auth === 'key' ? [{ key: [] }] : [],
    ...(Object.keys(requestParams).length === 0 ? {} : { requestParams }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route, route.body) }),
    responses: { [`${route.status}`]: success(route), ...failures(route.errors) } as Responses,
  };
}

const requestBody = (route: Route, schema: z.ZodType) => ({
  required: true,
  content: { [route.bodyKind === 'multipart' ? 'multipart/form-data' : 'application/json']: { schema } },
});

function success(route: Route) {
  if (route.replyKind === 'bytes')
    return { description: 'The bytes.', content: { 'application/octet-stream': { schema: route.reply } } };
  const stream = route.event === undefined ? {} : { 'text/event-stream': { schema: route.event } };
  return { description: 'Done.', content: { 'application/json': { schema: route.reply }, ...stream } };
}

/** One response for each status; several errors may share one. */
function failures(names: readonly ApiErrorName[]): Record<string, object> {
  const byStatus = new Map<number, string[]>();
  for (const name of names) {
    const { status, when } = apiErrors[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${name}\`: ${when}`]);
  }
  const content = { 'application/json': { schema: apiErrorBody } };
  return Object.fromEntries(
    [...byStatus].map(([status, lines]) => [`${status}`, { description: lines.join(' '), content }]),
  );
}
