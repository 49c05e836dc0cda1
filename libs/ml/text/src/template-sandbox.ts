import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { HoneError, fault, refusal, type ErrorBody } from '@hone/base';
import type { ChatMessage, ChatTemplate, RenderOptions } from './chat-template.js';
import type { Tokenizer } from './tokenizer.js';
import {
  renderJobs,
  tokensFromRenderings,
  trainingOptions,
  type RenderJob,
  type TrainingTokens,
} from './training-text.js';

export interface SandboxLimits {
  /** Time of one rendering. A template is a program: three million turns of an empty loop block a thread for 22 s. */
  renderMsMax: number;
  /** Time until a fresh worker has loaded. */
  startMsMax: number;
  heapMbMax: number;
}

const limitsDefault: SandboxLimits = { renderMsMax: 250, startMsMax: 10_000, heapMbMax: 128 };

/** What the worker is asked: the renderings of one conversation. */
export interface SandboxRequest {
  source: string;
  specialTokens: Readonly<Record<string, string>>;
  jobs: readonly RenderJob[];
  options: RenderOptions;
}

export type SandboxReply = 'ready' | { texts: string[] } | { error: ErrorBody };

/**
 * Renders templates that nobody vouches for in a worker thread with a time and a heap limit. A template that exceeds one is
 * refused and its worker is replaced; the calling thread never waits for it.
 */
export class TemplateSandbox {
  readonly #limits: SandboxLimits;
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limits: Partial<SandboxLimits> = {}) {
    this.#limits = { ...limitsDefault, ...limits };
  }

  async render(
    template: ChatTemplate,
    messages: readonly ChatMessage[],
    { addGenerationPrompt = false, ...options }: RenderOptions = {},
  ): Promise<string> {
    const [text] = await this.#ask(template, [{ messages, addGenerationPrompt }], options);
    return text as string;
  }

  async renderForTraining(
    template: ChatTemplate,
    tokenizer: Tokenizer,
    messages: readonly ChatMessage[],
    options: Omit<RenderOptions, 'addGenerationPrompt'> = {},
  ): Promise<TrainingTokens> {
    return tokensFromRenderings(tokenizer, await this.#ask(template, renderJobs(messages), trainingOptions(options)));
  }

  /** Ends the worker. The sandbox can be used again; it then starts another. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** One request at a time: a time limit must not count the work of others. */
  #ask(template: ChatTemplate, jobs: readonly RenderJob[], options: RenderOptions): Promise<string[]> {
    const { source, specialTokens } = template;
    const turn = this.#last.then(() => this.#run({ source, specialTokens, jobs, options }));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #run(request: SandboxRequest): Promise<string[]> {
    const worker = this.#worker ?? (await this.#start());
    this.#worker = worker;
    const reply = replyOf(worker, this.#limits.renderMsMax * request.jobs.length, () =>
      refusal(
        'template_timeout',
        `[chat-template] expected a rendering within ${this.#limits.renderMsMax} ms but the template was still running; fix: simplify its loops`,
      ),
    );
    worker.postMessage(request);
    try {
      const answer = await reply;
      if (answer === 'ready')
        throw fault('template_worker', '[chat-template] expected texts but the worker started anew');
      if ('error' in answer) throw HoneError.from(answer.error);
      return answer.texts;
    } catch (error) {
      if (!(error instanceof HoneError) || stopsWorker.has(error.code)) await this.close();
      throw error;
    }
  }

  async #start(): Promise<Worker> {
    const { heapMbMax, startMsMax } = this.#limits;
    const worker = new Worker(new URL('./template-worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
      env: {},
    });
    await replyOf(worker, startMsMax, () =>
      fault('template_worker', `[chat-template] the worker did not start within ${startMsMax} ms`),
    );
    // An idle sandbox must not keep the process alive.
    worker.unref();
    return worker;
  }
}

const stopsWorker: ReadonlySet<string> = new Set(['template_timeout', 'template_out_of_memory', 'template_worker']);

/** The worker's next message, or the error that ends it. */
async function replyOf(worker: Worker, waitMs: number, late: () => Error): Promise<SandboxReply> {
  const listening = new AbortController();
  const { signal } = listening;
  const waits = [
    once(worker, 'message', { signal }).then(([reply]) => reply as SandboxReply),
    once(worker, 'exit', { signal }).then(([code]) => {
      throw fault('template_worker', `[chat-template] the worker ended with code ${code}`);
    }),
    setTimeout(waitMs, undefined, { signal }).then(() => {
      throw late();
    }),
  ];
  try {
    return await Promise.race(waits);
  } catch (error) {
    // `once` rejects with the worker's own error event.
    throw error instanceof HoneError ? error : workerError(error);
  } finally {
    listening.abort();
    await Promise.allSettled(waits);
  }
}

function workerError(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY')
    return fault('template_worker', `[chat-template] the worker failed: ${message}`);
  return refusal(
    'template_out_of_memory',
    '[chat-template] expected a template within its heap limit but it ran out of memory',
  );
}
