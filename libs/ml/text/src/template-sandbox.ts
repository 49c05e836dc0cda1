import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Digest, HoneError, fault, refusal, type ErrorBody } from '@hone/base';
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
 * Renders templates that nobody vouches for in a process of their own with a time and a heap limit. A template that exceeds one
 * is refused and its process is replaced; the calling thread never waits for it. A worker thread will not do: where a heap grows
 * faster than V8 can end the thread, V8 ends the whole process, and with it the service.
 */
export class TemplateSandbox {
  readonly #limits: SandboxLimits;
  #worker: ChildProcess | undefined;
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
    return tokensFromRenderings(tokenizer, await this.textsForTraining(template, messages, options));
  }

  /** The renderings of `renderJobs`, for a caller whose tokenizer is in another thread. */
  textsForTraining(
    template: ChatTemplate,
    messages: readonly ChatMessage[],
    options: Omit<RenderOptions, 'addGenerationPrompt'> = {},
  ): Promise<string[]> {
    return this.#ask(template, renderJobs(messages), trainingOptions(options));
  }

  /** Refuses a text that is no template, or one that takes too long to read. */
  async check(template: ChatTemplate): Promise<void> {
    await this.#ask(template, [], {});
  }

  /** Ends the worker. The sandbox can be used again; it then starts another. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker || hasEnded(worker)) return;
    const ended = once(worker, 'exit');
    // It is waited for now, so it holds the process again.
    worker.ref();
    worker.kill('SIGKILL');
    await ended;
  }

  /** One request at a time: a time limit must not count the work of others. */
  #ask(template: ChatTemplate, jobs: readonly RenderJob[], options: RenderOptions): Promise<string[]> {
    const { source, specialTokens } = template;
    const turn = this.#last.then(() => this.#run({ source, specialTokens, jobs, options }, template.digest));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #run(request: SandboxRequest, template: Digest): Promise<string[]> {
    const idle = this.#worker;
    const worker = idle && !hasEnded(idle) ? idle : await this.#start();
    this.#worker = worker;
    const { renderMsMax } = this.#limits;
    const reply = replyOf(worker, renderMsMax * Math.max(1, request.jobs.length), () => tooSlow(renderMsMax));
    worker.send(request, () => undefined);
    try {
      const answer = await reply;
      if (answer === 'ready')
        throw fault('template_worker', '[chat-template] expected texts but the worker started anew');
      if ('error' in answer) throw HoneError.from(answer.error);
      return answer.texts;
    } catch (error) {
      if (!(error instanceof HoneError)) throw error;
      if (endsWorker(error)) await this.close();
      throw naming(error, template);
    }
  }

  async #start(): Promise<ChildProcess> {
    const { heapMbMax, startMsMax } = this.#limits;
    const worker = fork(fileURLToPath(new URL('./template-worker.js', import.meta.url)), {
      execArgv: [`--max-old-space-size=${heapMbMax}`],
      env: {},
      serialization: 'advanced',
      // What V8 prints about a full heap is told as a refusal instead.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    await replyOf(worker, startMsMax, () =>
      fault('template_worker', `[chat-template] the worker did not start within ${startMsMax} ms`),
    );
    // An idle sandbox must not keep the process alive.
    worker.unref();
    worker.channel?.unref();
    return worker;
  }
}

const stopsWorker: ReadonlySet<string> = new Set(['template_timeout', 'template_out_of_memory', 'template_worker']);

/** Whether a rendering failed in a way that costs the worker its process. */
export const endsWorker = ({ code }: HoneError): boolean => stopsWorker.has(code);

/** Which template it was: a service has the templates of many models. */
function naming(error: HoneError, template: Digest): HoneError {
  const { details, message, ...body } = error.toJSON();
  const named = message.replace('[chat-template]', `[chat-template ${template.slice(0, 'sha256:'.length + 12)}]`);
  return HoneError.from({ ...body, message: named, details: { ...details, template } });
}

const tooSlow = (renderMsMax: number): HoneError =>
  refusal(
    'template_timeout',
    `[chat-template] expected a rendering within ${renderMsMax} ms but the template was still running; fix: simplify its loops`,
  );

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** The worker's next message, or the error that ends it. */
async function replyOf(worker: ChildProcess, waitMs: number, late: () => Error): Promise<SandboxReply> {
  const listening = new AbortController();
  const { signal } = listening;
  const waits = [
    once(worker, 'message', { signal }).then(([reply]) => reply as SandboxReply),
    once(worker, 'exit', { signal }).then(([code, by]) => {
      throw endOf(code as number | null, by as NodeJS.Signals | null);
    }),
    setTimeout(waitMs, undefined, { signal }).then(() => {
      throw late();
    }),
  ];
  try {
    return await Promise.race(waits);
  } catch (error) {
    // `once` rejects with the worker's own error event.
    if (error instanceof HoneError) throw error;
    throw fault('template_worker', `[chat-template] the worker failed: ${(error as Error).message}`);
  } finally {
    listening.abort();
    await Promise.allSettled(waits);
  }
}

/** V8 aborts a process whose heap is full. */
function endOf(code: number | null, signal: NodeJS.Signals | null): Error {
  if (signal !== 'SIGABRT' && code !== 134) {
    return fault('template_worker', `[chat-template] the worker ended with ${signal ?? `code ${code}`}`);
  }
  return refusal(
    'template_out_of_memory',
    '[chat-template] expected a template within its heap limit but it ran out of memory',
  );
}
