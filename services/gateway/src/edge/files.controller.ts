import { ArtifactStore } from '@hone/artifacts';
import {
  createFile,
  deleteFile,
  downloadFile,
  fileDelete,
  fileGet,
  fileList,
  listFiles,
  retrieveFile,
  type RouteReplyOf,
} from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { Readable } from 'node:stream';
import { uploadFile } from '../app/upload-file.js';
import { fileObjectOf } from '../domain/file-object.js';
import { pageLimitMax, withEnds } from '../domain/page.js';
import { Ask, type Asked, Serve } from '../http/serve.js';

@Controller()
export class FilesController {
  readonly #mesh: Mesh;
  readonly #store: ArtifactStore;

  constructor(mesh: Mesh, store: ArtifactStore) {
    this.#mesh = mesh;
    this.#store = store;
  }

  @Serve(createFile)
  async create(@Ask() { request }: Asked<typeof createFile>): Promise<RouteReplyOf<typeof createFile>> {
    return fileObjectOf(await uploadFile(this.#store, this.#mesh, request));
  }

  @Serve(listFiles)
  async list(@Ask() { query }: Asked<typeof listFiles>): Promise<RouteReplyOf<typeof listFiles>> {
    const limit = Math.min(query.limit, pageLimitMax);
    const { data, hasMore } = await this.#mesh.request(fileList, { ...query, limit });
    return withEnds(data.map(fileObjectOf), hasMore);
  }

  @Serve(retrieveFile)
  async retrieve(@Ask() { params }: Asked<typeof retrieveFile>): Promise<RouteReplyOf<typeof retrieveFile>> {
    return fileObjectOf(await this.#mesh.request(fileGet, { id: params.file_id }));
  }

  @Serve(downloadFile)
  async download(@Ask() { params, reply }: Asked<typeof downloadFile>): Promise<Readable> {
    const { digest, bytes, filename } = await this.#mesh.request(fileGet, { id: params.file_id });
    void reply.type('application/octet-stream');
    void reply.header('content-length', bytes);
    void reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`);
    void reply.header('x-content-type-options', 'nosniff');
    return Readable.from(this.#store.stream(digest), { objectMode: false });
  }

  @Serve(deleteFile)
  async delete(@Ask() { params }: Asked<typeof deleteFile>): Promise<RouteReplyOf<typeof deleteFile>> {
    const { id, deleted } = await this.#mesh.request(fileDelete, { id: params.file_id });
    return { id, object: 'file', deleted };
  }
}
