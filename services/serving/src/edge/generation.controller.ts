import { chatComplete, type GenerationFrame, type InputOf, textComplete } from '@hone/contracts';
import { type MeshContext, RpcStream } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { completeChat } from '../app/complete-chat.js';
import { completeText } from '../app/complete-text.js';
import { ServingState } from '../app/serving-state.js';

@Controller()
export class GenerationController {
  constructor(private readonly state: ServingState) {}

  @RpcStream(chatComplete)
  chat(input: InputOf<typeof chatComplete>, { signal }: MeshContext): AsyncIterable<GenerationFrame> {
    return completeChat(this.state, input, signal);
  }

  @RpcStream(textComplete)
  text(input: InputOf<typeof textComplete>, { signal }: MeshContext): AsyncIterable<GenerationFrame> {
    return completeText(this.state, input, signal);
  }
}
