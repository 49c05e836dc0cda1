import { ArtifactStore } from '@hone/artifacts';
import { refusal } from '@hone/base';
import {
  createExport,
  downloadExport,
  exportCreate,
  exportGet,
  retrieveExport,
  type RouteReplyOf,
} from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { Readable } from 'node:stream';
import { exportObjectOf } from '../domain/export-object.js';
import { knownModelName } from '../domain/model-name.js';
import { idFor } from '../http/idempotent-id.js';
import { Ask, type Asked, Serve } from '../http/serve.js';

@Controller()
export class ExportsController {
  readonly #mesh: Mesh;
  readonly #store: ArtifactStore;

  constructor(mesh: Mesh, store: ArtifactStore) {
    this.#mesh = mesh;
    this.#store = store;
  }

  @Serve(createExport)
  async create(@Ask() { body, request }: Asked<typeof createExport>): Promise<RouteReplyOf<typeof createExport>> {
    const { model, format, type } = body;
    const order = { id: idFor('export', request), model: knownModelName(model), format, ...(type ? { type } : {}) };
    return exportObjectOf(await this.#mesh.request(exportCreate, order));
  }

  @Serve(retrieveExport)
  async retrieve(@Ask() { params }: Asked<typeof retrieveExport>): Promise<RouteReplyOf<typeof retrieveExport>> {
    return exportObjectOf(await this.#mesh.request(exportGet, { id: params.export_id }));
  }

  @Serve(downloadExport)
  async download(@Ask() { params, reply }: Asked<typeof downloadExport>): Promise<Readable> {
    const { files = [] } = await this.#mesh.request(exportGet, { id: params.export_id });
    const file = files.find(({ path }) => path === params.path);
    if (!file) {
      const message = `The export ${params.export_id} has no file ${params.path}; fix: ask for one that it lists.`;
      throw refusal('not_found', message, { status: 404, param: 'path' });
    }
    void reply.type('application/octet-stream');
    void reply.header('content-length', file.bytes);
    void reply.header('x-content-type-options', 'nosniff');
    return Readable.from(this.#store.stream(file.digest), { objectMode: false });
  }
}
