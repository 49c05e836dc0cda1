import { createPlan, planMake, planOrder, type RouteReplyOf } from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { knownModelName } from '../domain/model-name.js';
import { Ask, type Asked, Serve } from '../http/serve.js';

@Controller()
export class PlansController {
  readonly #mesh: Mesh;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  @Serve(createPlan)
  async create(@Ask() { body }: Asked<typeof createPlan>): Promise<RouteReplyOf<typeof createPlan>> {
    const model = knownModelName(body.model);
    const { plan = null, error } = await this.#mesh.request(planMake, { model, ...planOrder(body) });
    if (!error) return { object: 'plan', model, plan, error: null };
    const { code, message, details } = error;
    return { object: 'plan', model, plan: null, error: { code, message, details } };
  }
}
