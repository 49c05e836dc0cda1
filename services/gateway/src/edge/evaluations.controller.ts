import type { Digest } from '@hone/base';
import {
  createEvaluation,
  evaluationCreate,
  evaluationGet,
  evaluationList,
  listEvaluations,
  retrieveEvaluation,
  type RouteReplyOf,
} from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { evaluationObjectOf } from '../domain/evaluation-object.js';
import { pageLimitMax } from '../domain/page.js';
import { idFor } from '../http/idempotent-id.js';
import { Ask, type Asked, Serve } from '../http/serve.js';

@Controller()
export class EvaluationsController {
  readonly #mesh: Mesh;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  @Serve(createEvaluation)
  async create(
    @Ask() { body, request }: Asked<typeof createEvaluation>,
  ): Promise<RouteReplyOf<typeof createEvaluation>> {
    const entry = await this.#mesh.request(evaluationCreate, {
      id: idFor('eval', request),
      candidate: body.model,
      ...(body.incumbent == null ? {} : { incumbent: body.incumbent }),
      ...(body.file == null ? {} : { file: body.file }),
      ...(body.dataset == null ? {} : { dataset: body.dataset as Digest }),
    });
    return evaluationObjectOf(entry);
  }

  @Serve(listEvaluations)
  async list(@Ask() { query }: Asked<typeof listEvaluations>): Promise<RouteReplyOf<typeof listEvaluations>> {
    const { data } = await this.#mesh.request(evaluationList, {
      limit: Math.min(query.limit, pageLimitMax),
      ...(query.model === undefined ? {} : { candidate: query.model }),
    });
    return { object: 'list', data: data.map(evaluationObjectOf) };
  }

  @Serve(retrieveEvaluation)
  async retrieve(
    @Ask() { params }: Asked<typeof retrieveEvaluation>,
  ): Promise<RouteReplyOf<typeof retrieveEvaluation>> {
    return evaluationObjectOf(await this.#mesh.request(evaluationGet, { id: params.evaluation_id }));
  }
}
