import { ArtifactStore } from '@hone/artifacts';
import {
  importModel,
  listModels,
  lineageGet,
  modelGet,
  modelList,
  retrieveLineage,
  retrieveModel,
  type RouteReplyOf,
} from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { importModel as importFolder } from '../app/import-model.js';
import { aliasAsModel, modelObjectOf } from '../domain/model-object.js';
import { knownModelName } from '../domain/model-name.js';
import { Ask, type Asked, Serve } from '../http/serve.js';

@Controller()
export class ModelsController {
  readonly #mesh: Mesh;
  readonly #store: ArtifactStore;

  constructor(mesh: Mesh, store: ArtifactStore) {
    this.#mesh = mesh;
    this.#store = store;
  }

  @Serve(listModels)
  async list(): Promise<RouteReplyOf<typeof listModels>> {
    const { models, aliases } = await this.#mesh.request(modelList, {});
    return { object: 'list', data: [...models.map(modelObjectOf), ...aliases.map(aliasAsModel)] };
  }

  /** An alias answers with the model that it stands for, under the alias' own id. */
  @Serve(retrieveModel)
  async retrieve(@Ask() { params }: Asked<typeof retrieveModel>): Promise<RouteReplyOf<typeof retrieveModel>> {
    const name = knownModelName(params.model);
    const model = modelObjectOf(await this.#mesh.request(modelGet, { name }));
    return { ...model, id: name };
  }

  @Serve(importModel)
  async import(@Ask() { request }: Asked<typeof importModel>): Promise<RouteReplyOf<typeof importModel>> {
    return modelObjectOf(await importFolder(this.#store, this.#mesh, request));
  }

  @Serve(retrieveLineage)
  async lineage(@Ask() { params }: Asked<typeof retrieveLineage>): Promise<RouteReplyOf<typeof retrieveLineage>> {
    const asked = { model: knownModelName(params.model) };
    const { model, nodes, votes, datasets } = await this.#mesh.request(lineageGet, asked);
    return { object: 'lineage', model, nodes, votes, datasets };
  }
}
