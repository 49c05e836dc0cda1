import { asHoneError, type HoneError, refusal } from '@hone/base';
import { deviceLost } from '@hone/tensor';
import { defaultQueueLimits, overload, type QueueLimits, tokensCounted } from './admission.js';
import { AdapterSlots } from './adapters.js';
import { Engine, type EngineOptions, type EngineStats, type SequenceOutput } from './engine.js';
import type { GenerationOutput, GenerationRequest, ScoreRequest } from './generation.js';
import { promptIds, samplingOf, scoredIds } from './prompt.js';
import { RunningAnswer } from './running-answer.js';
import { RunningScore } from './running-score.js';
import type { EngineAdapter } from './runner.js';
import type { Sequence } from './sequence.js';
import type { TextModel } from './text-model.js';
import { TokenTexts } from './token-text.js';

export interface TextEngineOptions extends EngineOptions {
  queue?: Partial<QueueLimits>;
}

export interface TextEngineStats extends EngineStats {
  adapters: string[];
  waitingTokens: number;
  tokensPerSecond: number;
}

type Running = RunningAnswer | RunningScore;

/** Requests in words over one model: encodes, queues, decodes, watches for stop strings. */
export class TextEngine {
  readonly engine: Engine;
  readonly adapters: AdapterSlots;
  readonly #text: TextModel;
  readonly #texts: TokenTexts;
  readonly #queue: QueueLimits;
  readonly #requests = new Map<string, Running>();
  readonly #ownerOf = new Map<Sequence<EngineAdapter>, Running>();
  #tokensPerSecond = 1000;
  #lost: HoneError | undefined;

  constructor(text: TextModel, { queue, adaptersMax = 16, ...options }: TextEngineOptions = {}) {
    this.engine = new Engine(text.model, { ...options, adaptersMax });
    this.adapters = new AdapterSlots(text.model, adaptersMax, this.engine);
    this.#text = text;
    this.#texts = new TokenTexts(text.tokenizer);
    this.#queue = { ...defaultQueueLimits, ...queue };
  }

  /** Why no step is possible any more: the GPU that holds the model is gone. */
  get lost(): HoneError | undefined {
    return this.#lost;
  }

  get isIdle(): boolean {
    return this.#requests.size === 0;
  }

  get stats(): TextEngineStats {
    return {
      ...this.engine.stats,
      adapters: this.adapters.keys,
      waitingTokens: this.#waitingTokens,
      tokensPerSecond: this.#tokensPerSecond,
    };
  }

  /** Takes a request on, or refuses it with a reason; returns the prompt's length and what can be told at once. */
  start(request: GenerationRequest): { promptTokens: number; outputs: GenerationOutput[] } {
    const ids = promptIds(this.#text, request.input);
    const lengthMax = this.engine.lengthMax;
    const isEcho = request.input.kind === 'text' && request.input.echo;
    const room = lengthMax - ids.length;
    if (room < (request.sampling.tokensMax === 0 ? 0 : 1))
      throw contextExceeded(ids.length, lengthMax, request.input.kind);
    const tokensMax = Math.min(request.sampling.tokensMax ?? room, room);
    const full = overload(this.#load, request.n, request.n * tokensCounted(ids.length, tokensMax), this.#queue);
    if (full) throw full;
    const sampling = samplingOf(request.sampling, this.#text.model.shape.vocabSize);
    const adapter = this.#adapter(request.adapter);
    const answer = new RunningAnswer({
      request,
      ids,
      tokensMax,
      isEcho,
      adapter,
      sampling,
      stopTokens: this.#stopTokens,
      tokenizer: this.#text.tokenizer,
      texts: this.#texts,
    });
    return { promptTokens: ids.length, outputs: this.#begin(answer) };
  }

  /** Queues answers to be scored; the sums come with a later step. */
  startScore(request: ScoreRequest): { outputs: GenerationOutput[] } {
    const items = request.items.map((item, index) => {
      const scored = scoredIds(this.#text, item);
      if (scored.ids.length > this.engine.lengthMax) {
        throw contextExceeded(scored.ids.length, this.engine.lengthMax, `items.${index}`);
      }
      return scored;
    });
    return { outputs: this.#begin(new RunningScore(request, items, this.#adapter(request.adapter))) };
  }

  /** Ends a request now. Its blocks are free before the next step. */
  abort(id: string): void {
    const running = this.#requests.get(id);
    if (running) this.#forget(running);
  }

  /** One step of the model for everything that runs; a failure ends all requests and says so to each. */
  step(): GenerationOutput[] {
    const started = performance.now();
    let stepped: SequenceOutput[];
    const before = this.engine.promptTokensComputed;
    try {
      stepped = this.engine.step();
    } catch (thrown) {
      this.#lost = deviceLost(thrown);
      return this.#failAll(asHoneError(this.#lost ?? thrown));
    }
    const outputs = stepped.flatMap((output) => this.#take(output));
    const tokens = this.engine.promptTokensComputed - before + stepped.length;
    this.#measure(tokens, performance.now() - started);
    return outputs;
  }

  free(): void {
    for (const running of [...this.#requests.values()]) this.#forget(running);
    this.engine.free();
    this.adapters.free();
    this.#text.model.free();
  }

  get #stopTokens(): ReadonlySet<number> {
    return new Set([...this.#text.model.shape.eosTokenIds, ...this.#text.tokenizer.stopIds]);
  }

  get #waitingTokens(): number {
    return this.engine.waiting.reduce((sum, { tokens, tokensMax }) => sum + tokensCounted(tokens.length, tokensMax), 0);
  }

  get #load() {
    const waitingTokens = this.#waitingTokens;
    const { running, waiting } = this.engine.stats;
    const slotsFree = Math.max(0, this.engine.limits.sequencesMax - running);
    return { waiting, waitingTokens, slotsFree, tokensPerSecond: this.#tokensPerSecond };
  }

  #begin(running: Running): GenerationOutput[] {
    this.#requests.set(running.id, running);
    try {
      this.#own(running, running.submit(this.engine));
      return this.#closed(running, running.opening());
    } catch (thrown) {
      this.#forget(running);
      throw thrown;
    }
  }

  /** Hands a sequence's output to its request; what goes wrong there is that request's failure alone. */
  #take(output: SequenceOutput): GenerationOutput[] {
    const owner = this.#ownerOf.get(output.sequence);
    if (!owner) return [];
    if (output.ending) this.#ownerOf.delete(output.sequence);
    try {
      const outputs = owner.take(output, this.engine);
      this.#own(owner, owner.submit(this.engine));
      return this.#closed(owner, outputs);
    } catch (thrown) {
      this.#forget(owner);
      return [{ type: 'failed', request: owner.id, error: asHoneError(thrown).toJSON() }];
    }
  }

  #adapter(key: string | undefined): EngineAdapter | undefined {
    if (key === undefined) return undefined;
    const adapter = this.adapters.take(key);
    if (!adapter)
      throw refusal('adapter_not_loaded', `[engine] expected a loaded adapter but received ${key}`, { status: 409 });
    return adapter;
  }

  #own(owner: Running, sequences: readonly Sequence<EngineAdapter>[]): void {
    for (const sequence of sequences) this.#ownerOf.set(sequence, owner);
  }

  #closed(running: Running, outputs: GenerationOutput[]): GenerationOutput[] {
    if (running.isDone) this.#forget(running);
    return outputs;
  }

  #forget(running: Running): void {
    if (!this.#requests.delete(running.id)) return;
    for (const [sequence, owner] of this.#ownerOf) {
      if (owner !== running) continue;
      this.engine.abort(sequence);
      this.#ownerOf.delete(sequence);
    }
    if (running.adapter) this.adapters.giveBack(running.adapter);
  }

  #failAll(error: HoneError): GenerationOutput[] {
    const running = [...this.#requests.values()];
    for (const request of running) this.#forget(request);
    return running.map(({ id }) => ({ type: 'failed', request: id, error: error.toJSON() }));
  }

  /** A moving average; only the advice when to come back rests on it. */
  #measure(tokens: number, milliseconds: number): void {
    if (tokens === 0 || milliseconds <= 0) return;
    this.#tokensPerSecond = 0.9 * this.#tokensPerSecond + 0.1 * ((1000 * tokens) / milliseconds);
  }
}

function contextExceeded(tokens: number, lengthMax: number, param: string): HoneError {
  const name = param === 'rendered' ? 'messages' : param === 'text' ? 'prompt' : param;
  const message = `[serving] expected fewer than ${lengthMax} tokens for ${name} but received ${tokens}`;
  return refusal('context_length_exceeded', `${message}; fix: shorten it, or use a model with a longer context`, {
    param: name,
    details: { tokens, contextLength: lengthMax },
  });
}
