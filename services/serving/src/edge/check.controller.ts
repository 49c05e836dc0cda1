import type { Digest } from '@hone/base';
import { type InputOf, modelCheck, type ReplyOf } from '@hone/contracts';
import { type MeshContext, Rpc } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { checkBase } from '../app/check-base.js';
import { ServingState } from '../app/serving-state.js';

@Controller()
export class CheckController {
  constructor(private readonly state: ServingState) {}

  @Rpc(modelCheck)
  async check({ manifest }: InputOf<typeof modelCheck>, { signal }: MeshContext): Promise<ReplyOf<typeof modelCheck>> {
    await checkBase(this.state, manifest as Digest, signal);
    return {};
  }
}
