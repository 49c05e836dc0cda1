import { Worker } from 'node:worker_threads';
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
    // No job at all asks whether the template can be read.
    template.parse();
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
// A template in an endless loop hears nothing of that. A thread of its own sees that the parent is another one, even where the
// service was killed and could end nobody.
const watch = `
  const { workerData } = require('node:worker_threads');
  setInterval(() => process.ppid === workerData || process.kill(process.pid, 'SIGKILL'), 500);`;
new Worker(watch, {
  eval: true,
  workerData: process.ppid,
  env: {},
  resourceLimits: { maxOldGenerationSizeMb: 8 },
}).unref();
tell('ready');
