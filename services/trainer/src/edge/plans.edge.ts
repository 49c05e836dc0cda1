import { ArtifactStore } from '@hone/artifacts';
import { planMake, type InputOf, type ReplyOf } from '@hone/contracts';
import { Mesh, type MeshContext, Rpc } from '@hone/mesh';
import { Controller, Inject } from '@nestjs/common';
import { makePlan } from '../app/make-plan.js';
import { PlanTurns } from '../app/plan-turns.js';

/** What a run would take, asked before there is one. */
@Controller()
export class PlansEdge {
  constructor(
    @Inject(Mesh) private readonly mesh: Mesh,
    @Inject(ArtifactStore) private readonly artifacts: ArtifactStore,
    @Inject(PlanTurns) private readonly turns: PlanTurns,
    @Inject('scratch') private readonly scratch: string,
  ) {}

  @Rpc(planMake)
  async make(input: InputOf<typeof planMake>, { signal }: MeshContext): Promise<ReplyOf<typeof planMake>> {
    const { mesh, artifacts, turns, scratch } = this;
    return turns.take(() => makePlan({ mesh, artifacts, scratch }, input, signal));
  }
}
