import {
  cancelFineTuningJob,
  checkpointList,
  createFineTuningJob,
  eventList,
  jobCancel,
  jobCreate,
  jobGet,
  jobList,
  listFineTuningEvents,
  listFineTuningJobCheckpoints,
  listFineTuningJobs,
  retrieveFineTuningJob,
  type RouteReplyOf,
} from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { jobCheckpointObjectOf, jobEventObjectOf, jobObjectOf } from '../domain/job-object.js';
import { metadataFilter } from '../domain/metadata-filter.js';
import { knownModelName } from '../domain/model-name.js';
import { page, pageLimitMax, withEnds } from '../domain/page.js';
import { idFor } from '../http/idempotent-id.js';
import { Ask, type Asked, Serve } from '../http/serve.js';

@Controller()
export class FineTuningController {
  readonly #mesh: Mesh;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  @Serve(createFineTuningJob)
  async create(
    @Ask() { body, request }: Asked<typeof createFineTuningJob>,
  ): Promise<RouteReplyOf<typeof createFineTuningJob>> {
    const job = await this.#mesh.request(jobCreate, {
      id: idFor('ftjob', request),
      model: knownModelName(body.model),
      trainingFile: body.training_file,
      ...(body.validation_file == null ? {} : { validationFile: body.validation_file }),
      // The older place of the hyper-parameters, beside `method`, still counts; the newer one wins.
      hyperparameters: { ...body.hyperparameters, ...body.method?.supervised?.hyperparameters },
      ...(body.suffix == null ? {} : { suffix: body.suffix }),
      ...(body.seed == null ? {} : { seed: body.seed }),
      metadata: body.metadata ?? {},
    });
    return jobObjectOf(job);
  }

  @Serve(listFineTuningJobs)
  async list(@Ask() { query }: Asked<typeof listFineTuningJobs>): Promise<RouteReplyOf<typeof listFineTuningJobs>> {
    const { data, hasMore } = await this.#mesh.request(jobList, {
      ...pageOf(query),
      ...metadataFilter(query),
    });
    return page(data.map(jobObjectOf), hasMore);
  }

  @Serve(retrieveFineTuningJob)
  async retrieve(
    @Ask() { params }: Asked<typeof retrieveFineTuningJob>,
  ): Promise<RouteReplyOf<typeof retrieveFineTuningJob>> {
    return jobObjectOf(await this.#mesh.request(jobGet, { id: params.fine_tuning_job_id }));
  }

  @Serve(cancelFineTuningJob)
  async cancel(
    @Ask() { params }: Asked<typeof cancelFineTuningJob>,
  ): Promise<RouteReplyOf<typeof cancelFineTuningJob>> {
    return jobObjectOf(await this.#mesh.request(jobCancel, { id: params.fine_tuning_job_id }));
  }

  @Serve(listFineTuningEvents)
  async events(
    @Ask() { params, query }: Asked<typeof listFineTuningEvents>,
  ): Promise<RouteReplyOf<typeof listFineTuningEvents>> {
    const asked = { job: params.fine_tuning_job_id, ...pageOf(query) };
    const { data, hasMore } = await this.#mesh.request(eventList, asked);
    return page(data.map(jobEventObjectOf), hasMore);
  }

  @Serve(listFineTuningJobCheckpoints)
  async checkpoints(
    @Ask() { params, query }: Asked<typeof listFineTuningJobCheckpoints>,
  ): Promise<RouteReplyOf<typeof listFineTuningJobCheckpoints>> {
    const asked = { job: params.fine_tuning_job_id, ...pageOf(query) };
    const { data, hasMore } = await this.#mesh.request(checkpointList, asked);
    return withEnds(data.map(jobCheckpointObjectOf), hasMore);
  }
}

const pageOf = ({ after, limit }: { after?: string | undefined; limit: number }) => ({
  limit: Math.min(limit, pageLimitMax),
  ...(after === undefined ? {} : { after }),
});
