import { Worker } from 'node:worker_threads';
import { type ErrorBody, fault, HoneError } from '@hone/base';
import type { GenerationInput, GenerationOutput, GenerationRequest, Score, ScoreItem } from '../generation.js';
import { OutputChannel } from './output-channel.js';
import { PromptTexts } from './prompt-texts.js';
import { SilenceWatch } from './silence-watch.js';
import type {
  Accepted,
  AdapterPlace,
  BasePlace,
  ComposedNews,
  DeviceNews,
  EngineCommand,
  EngineNews,
  EngineThreadOptions,
  ResidentLoad,
  ResidentStats,
  ShortenedNews,
} from './protocol.js';

/** Which weights answer: a base, and perhaps an adapter on it. */
export interface Weights {
  base: BasePlace;
  adapter?: AdapterPlace | undefined;
}

/** How busy the resident bases are, told after each step and when the last request is gone. */
export interface StepNews {
  /** How long the step took; absent when there was none. */
  milliseconds?: number;
  residents: ResidentLoad[];
}

export interface EnginePortOptions extends EngineThreadOptions {
  /** Told once per engine step, and when the engine has nothing left to do. */
  stepped?: (step: StepNews) => void;
  /** Told once, where the engine computes and why there. */
  chose?: (choice: DeviceNews) => void;
  /** Told once of a base whose steps cannot be captured. */
  composed?: (news: ComposedNews) => void;
  /** Told once of a base whose sequences have fewer tokens than its model allows. */
  shortened?: (news: ShortenedNews) => void;
}

type Call = { resolve: (value: never) => void; reject: (error: HoneError) => void };

/** The slowest step, a chunk of a long prompt on a large model and few cores, takes some tens of seconds. */
const silentMsDefault = 120_000;

/** The main thread's end of the engine thread: asks, hears, and never computes. */
export class EnginePort {
  /** Settles when the thread has ended: with the reason unless `close` asked for it. */
  readonly ended: Promise<HoneError | undefined>;
  readonly #worker: Worker;
  #watch!: SilenceWatch;
  readonly #calls = new Map<number, Call>();
  readonly #channels = new Map<string, OutputChannel>();
  readonly #texts = new PromptTexts((base) => this.#ask({ type: 'template', call: this.#next(), base }));
  readonly #stepped: ((step: StepNews) => void) | undefined;
  readonly #chose: ((choice: DeviceNews) => void) | undefined;
  readonly #composed: ((news: ComposedNews) => void) | undefined;
  readonly #shortened: ((news: ShortenedNews) => void) | undefined;
  #count = 0;
  #isClosing = false;
  #end: HoneError | undefined;

  constructor({ stepped, chose, composed, shortened, ...options }: EnginePortOptions = {}) {
    this.#stepped = stepped;
    this.#chose = chose;
    this.#composed = composed;
    this.#shortened = shortened;
    this.#worker = new Worker(new URL('./engine-worker.js', import.meta.url), {
      workerData: options,
      name: 'engine',
      // Flags such as --input-type are for the program, not for this thread.
      execArgv: [],
    });
    this.#worker.on('message', (news: EngineNews) => this.#hear(news));
    let reason: Error | undefined;
    this.#worker.on('error', (error) => (reason = error));
    const silentMsMax = options.silentMsMax ?? silentMsDefault;
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.#watch.end();
        const error = this.#isClosing ? undefined : crashed(reason);
        this.#end ??= error ?? closed();
        this.#failAll(this.#end);
        resolve(error);
      };
      this.#worker.on('exit', end);
      this.#watch = new SilenceWatch({
        silentMsMax,
        ask: () => this.#worker.postMessage({ type: 'ping' } satisfies EngineCommand),
        stuck: () => {
          reason = new Error(`it gave no sign of life for ${silentMsMax / 1000} s`);
          // Told at once: a thread inside a native call ends when that call does.
          end();
          void this.#worker.terminate();
        },
      });
    });
  }

  /** Requests that are on their way. */
  get open(): number {
    return this.#channels.size;
  }

  /** Loads weights before someone asks for them. */
  async warm({ base, adapter }: Weights): Promise<void> {
    await this.#ask({ type: 'warm', call: this.#next(), base, ...(adapter ? { adapter } : {}) });
  }

  /** Starts an answer. The outputs end after the last choice's finish; leaving them early, or the signal, aborts it. */
  async generate(
    { base, adapter }: Weights,
    { input, ...settings }: Omit<GenerationRequest, 'id' | 'adapter' | 'input'> & { input: GenerationInput },
    signal?: AbortSignal,
  ): Promise<{ promptTokens: number; outputs: AsyncGenerator<GenerationOutput, void, void> }> {
    const call = this.#next();
    const id = String(call);
    const channel = this.#open(id);
    const stop = (): void => this.#abort(id, channel);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const request = { ...settings, input: await this.#texts.prompt(base, input), id };
      if (signal?.aborted) throw aborted();
      const more = adapter ? { adapter } : {};
      const accepted: Accepted = await this.#ask({
        type: 'generate',
        call,
        base,
        ...more,
        request,
      });
      for (const output of accepted.outputs) channel.push(output);
      return {
        promptTokens: accepted.promptTokens,
        outputs: this.#read(id, channel, settings.n, () => signal?.removeEventListener('abort', stop)),
      };
    } catch (thrown) {
      this.#channels.delete(id);
      signal?.removeEventListener('abort', stop);
      throw thrown;
    }
  }

  async score({ base, adapter }: Weights, items: readonly ScoreItem[], signal?: AbortSignal): Promise<Score[]> {
    const call = this.#next();
    const id = String(call);
    const channel = this.#open(id);
    const stop = (): void => this.#abort(id, channel);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const request = { id, items: await this.#texts.answers(base, items) };
      if (signal?.aborted) throw aborted();
      await this.#ask({ type: 'score', call, base, ...(adapter ? { adapter } : {}), request });
      const output = await channel.next();
      if (output.type === 'scored') return output.scores;
      throw output.type === 'failed' ? HoneError.from(output.error) : crashed(new Error('an unexpected output'));
    } finally {
      this.#channels.delete(id);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** What is in memory and how busy it is. */
  async look(): Promise<ResidentStats[]> {
    return this.#ask({ type: 'look', call: this.#next() });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([this.#worker.terminate(), this.#texts.close()]);
    await this.ended;
  }

  async *#read(
    id: string,
    channel: OutputChannel,
    choices: number,
    done: () => void,
  ): AsyncGenerator<GenerationOutput, void, void> {
    let left = choices;
    try {
      while (left > 0) {
        const output = await channel.next();
        if (output.type === 'failed') throw HoneError.from(output.error);
        if (output.type === 'finish') left--;
        yield output;
      }
    } finally {
      done();
      if (left > 0) this.#abort(id, channel);
      this.#channels.delete(id);
    }
  }

  #abort(id: string, channel: OutputChannel): void {
    if (!this.#channels.delete(id)) return;
    this.#worker.postMessage({ type: 'abort', id } satisfies EngineCommand);
    channel.fail(aborted());
  }

  #open(id: string): OutputChannel {
    const channel = new OutputChannel();
    this.#channels.set(id, channel);
    return channel;
  }

  #next(): number {
    return ++this.#count;
  }

  #ask<T>(command: Extract<EngineCommand, { call: number }>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      this.#calls.set(command.call, { resolve, reject });
      this.#worker.postMessage(command);
    });
  }

  #hear(news: EngineNews): void {
    this.#watch.heard();
    if (news.type === 'pong') return;
    if (news.type === 'device') return this.#chose?.(news);
    if (news.type === 'composed') return this.#composed?.(news);
    if (news.type === 'shortened') return this.#shortened?.(news);
    if (news.type === 'loading') return this.#watch.rest(news.isLoading);
    if (news.type === 'step') {
      for (const output of news.outputs) this.#channels.get(output.request)?.push(output);
      this.#stepped?.(news);
      return;
    }
    if (news.type === 'idle') return this.#stepped?.(news);
    const call = this.#calls.get(news.call);
    this.#calls.delete(news.call);
    if (news.type === 'refused') call?.reject(HoneError.from(news.error));
    else call?.resolve(news.value as never);
  }

  #failAll(error: HoneError): void {
    for (const { reject } of this.#calls.values()) reject(error);
    for (const channel of this.#channels.values()) channel.fail(error);
    this.#calls.clear();
    this.#channels.clear();
  }
}

const aborted = (): HoneError => fault('request_aborted', '[serving] the caller gave the request up', { status: 499 });

const closed = (): HoneError =>
  fault('service_stopping', '[serving] the engine is going down; fix: ask again', { retryAfterSeconds: 1 });

/** A sentence that tells its own fix keeps it: the log of serving would say no more. */
const crashed = (reason: Error | undefined): HoneError => {
  const why = reason?.message ?? 'no reason given';
  const fix = why.includes('fix: ') ? '' : '; fix: look at the log of serving';
  const body: ErrorBody = {
    kind: 'fault',
    code: 'engine_crashed',
    message: `[serving] the engine thread ended: ${why}${fix}`,
    status: 503,
    retryAfterSeconds: 5,
  };
  return HoneError.from(body);
};
