import {
  aliasGet,
  aliasMove,
  concludeExperiment,
  createExperiment,
  experimentConclude,
  experimentCreate,
  experimentGet,
  experimentList,
  listExperiments,
  moveAlias,
  retrieveAlias,
  retrieveExperiment,
  type RouteReplyOf,
} from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { aliasObjectOf, experimentObjectOf } from '../domain/model-object.js';
import { Ask, type Asked, Serve } from '../http/serve.js';

@Controller()
export class ExperimentsController {
  readonly #mesh: Mesh;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  @Serve(createExperiment)
  async create(@Ask() { body }: Asked<typeof createExperiment>): Promise<RouteReplyOf<typeof createExperiment>> {
    return experimentObjectOf(await this.#mesh.request(experimentCreate, body));
  }

  @Serve(listExperiments)
  async list(): Promise<RouteReplyOf<typeof listExperiments>> {
    const { data } = await this.#mesh.request(experimentList, {});
    return { object: 'list', data: data.map(experimentObjectOf) };
  }

  @Serve(retrieveExperiment)
  async retrieve(
    @Ask() { params }: Asked<typeof retrieveExperiment>,
  ): Promise<RouteReplyOf<typeof retrieveExperiment>> {
    return experimentObjectOf(await this.#mesh.request(experimentGet, params));
  }

  @Serve(concludeExperiment)
  async conclude(
    @Ask() { params, body }: Asked<typeof concludeExperiment>,
  ): Promise<RouteReplyOf<typeof concludeExperiment>> {
    return experimentObjectOf(await this.#mesh.request(experimentConclude, { ...params, ...body }));
  }

  @Serve(retrieveAlias)
  async alias(@Ask() { params }: Asked<typeof retrieveAlias>): Promise<RouteReplyOf<typeof retrieveAlias>> {
    return aliasObjectOf(await this.#mesh.request(aliasGet, params));
  }

  @Serve(moveAlias)
  async move(@Ask() { params, body }: Asked<typeof moveAlias>): Promise<RouteReplyOf<typeof moveAlias>> {
    return aliasObjectOf(await this.#mesh.request(aliasMove, { ...params, ...body }));
  }
}
