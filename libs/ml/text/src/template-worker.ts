import { asHoneError } from '@hone/base';
import { ChatTemplate } from './chat-template.js';
import type { SandboxReply, SandboxRequest } from './template-sandbox.js';

/** Parsed templates by source: a dataset renders one template for all of its rows. */
const templates = new Map<string, ChatTemplate>();

function answer({ source, specialTokens, jobs, options }: SandboxRequest): SandboxReply {
  try {
    let template = templates.get(source);
    if (!template) {
      templates.clear();
      template = new ChatTemplate(source, specialTokens);
      templates.set(source, template);
    }
    const texts: string[] = [];
    for (const { messages, addGenerationPrompt } of jobs)
      texts.push(template.render(messages, { ...options, addGenerationPrompt }));
    return { texts };
  } catch (error) {
    return { error: asHoneError(error).toJSON() };
  }
}

const tell = (reply: SandboxReply): unknown => process.send?.(reply);

process.on('message', (request: SandboxRequest) => tell(answer(request)));
// Nobody is left to render for.
process.on('disconnect', () => process.exit());
tell('ready');
