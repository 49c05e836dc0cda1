import { bug } from '@hone/base';
import type { BodyOf, ParamsOf, QueryOf, Route } from '@hone/contracts';
import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  HttpCode,
  RequestMapping,
  RequestMethod,
  SetMetadata,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parsed } from './parse.js';

const routeKey = 'hone.route';

/** Serves a route of the book: path, method and status come from its entry, never from the controller. */
export const Serve = (route: Route): MethodDecorator =>
  applyDecorators(
    RequestMapping({ method: RequestMethod[route.method], path: route.path.replace(/\{(\w+)\}/g, ':$1') }),
    HttpCode(route.status),
    SetMetadata(routeKey, route),
  );

/** What a handler gets: the checked request, and a signal that aborts when the client leaves. */
export interface Asked<R extends Route> {
  params: ParamsOf<R>;
  query: QueryOf<R>;
  body: BodyOf<R>;
  request: FastifyRequest;
  reply: FastifyReply;
  signal: AbortSignal;
}

/** The parameter of every handler; a request that does not fit its route is refused here with the field's name. */
export const Ask = createParamDecorator((_: unknown, context: ExecutionContext): Asked<Route> => {
  const route = Reflect.getMetadata(routeKey, context.getHandler()) as Route | undefined;
  if (route === undefined) throw bug('no_route', `[${context.getHandler().name}] expected @Serve beside @Ask`);
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const reply = http.getResponse<FastifyReply>();
  return {
    params: parsed(route.params, request.params, 'path') as never,
    query: parsed(route.query, request.query, 'query') as never,
    body: (route.bodyKind === 'json' ? parsed(route.body, request.body ?? {}, 'body') : undefined) as never,
    request,
    reply,
    signal: leaving(reply),
  };
});

/** Aborts when the connection closes before the answer is complete. */
function leaving(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new Error('the client left'));
  });
  return controller.signal;
}
