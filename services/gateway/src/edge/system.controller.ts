import { fault } from '@hone/base';
import { healthLive, healthReady, openApi, openApiDocument, type RouteReplyOf } from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Readiness } from '@hone/service-kit';
import { Controller } from '@nestjs/common';
import { Serve } from '../http/serve.js';

@Controller()
export class SystemController {
  readonly #mesh: Mesh;
  readonly #readiness: Readiness;
  #document: RouteReplyOf<typeof openApiDocument> | undefined;

  constructor(mesh: Mesh, readiness: Readiness) {
    this.#mesh = mesh;
    this.#readiness = readiness;
  }

  @Serve(healthLive)
  live(): RouteReplyOf<typeof healthLive> {
    return { status: 'ok', checks: {} };
  }

  @Serve(healthReady)
  ready(): RouteReplyOf<typeof healthReady> {
    const waiting = [...this.#readiness.waitingFor(), ...this.#mesh.waitingFor()];
    if (waiting.length === 0) return { status: 'ok', checks: { bus: 'connected' } };
    throw fault('service_unavailable', `The gateway waits for ${waiting.join(', ')}.`, { retryAfterSeconds: 1 });
  }

  @Serve(openApiDocument)
  document(): RouteReplyOf<typeof openApiDocument> {
    return (this.#document ??= openApi() as RouteReplyOf<typeof openApiDocument>);
  }
}
