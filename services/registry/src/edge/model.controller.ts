import {
  type InputOf,
  aliasGet,
  aliasMove,
  lineageGet,
  modelGet,
  modelList,
  modelRegister,
  type ReplyOf,
} from '@hone/contracts';
import { Rpc } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { getModel } from '../app/get-model.js';
import { listModels } from '../app/list-models.js';
import { moveAlias } from '../app/move-alias.js';
import { registerModel } from '../app/register-model.js';
import { RegistryState } from '../app/registry-state.js';
import { traceLineage } from '../app/trace-lineage.js';

@Controller()
export class ModelController {
  constructor(private readonly state: RegistryState) {}

  @Rpc(modelRegister)
  register(input: InputOf<typeof modelRegister>): Promise<ReplyOf<typeof modelRegister>> {
    return registerModel(this.state, input);
  }

  @Rpc(modelGet)
  get({ name }: InputOf<typeof modelGet>): Promise<ReplyOf<typeof modelGet>> {
    return getModel(this.state, name);
  }

  @Rpc(modelList)
  list(_input: InputOf<typeof modelList>): Promise<ReplyOf<typeof modelList>> {
    return listModels(this.state);
  }

  @Rpc(aliasGet)
  async alias({ name }: InputOf<typeof aliasGet>): Promise<ReplyOf<typeof aliasGet>> {
    return (await this.state.aliases.find(name)).value;
  }

  @Rpc(aliasMove)
  move(input: InputOf<typeof aliasMove>): Promise<ReplyOf<typeof aliasMove>> {
    return moveAlias(this.state, input);
  }

  @Rpc(lineageGet)
  lineage({ model }: InputOf<typeof lineageGet>): Promise<ReplyOf<typeof lineageGet>> {
    return traceLineage(this.state, model);
  }
}
