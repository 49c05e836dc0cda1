import { StreamDecoder, type Tokenizer } from '@hone/text';
import { ChoiceText } from './choice-text.js';
import type { Engine, SequenceOutput } from './engine.js';
import type { GenerationOutput, GenerationRequest, TokenReport } from './generation.js';
import type { SamplingSettings } from './sampling-settings.js';
import type { EngineAdapter } from './runner.js';
import type { Sequence } from './sequence.js';
import type { TokenTexts } from './token-text.js';

export interface RunningAnswerOptions {
  request: GenerationRequest;
  ids: readonly number[];
  tokensMax: number;
  isEcho: boolean;
  adapter: EngineAdapter | undefined;
  sampling: (index: number) => SamplingSettings;
  stopTokens: ReadonlySet<number>;
  tokenizer: Tokenizer;
  texts: TokenTexts;
}

interface Choice {
  index: number;
  text: ChoiceText;
  sequence: Sequence<EngineAdapter> | undefined;
  /** Reports of the prompt that is echoed, until all are known. */
  echo: TokenReport[] | undefined;
  isDone: boolean;
}

/** A generation request on its way: n choices over one prompt. */
export class RunningAnswer {
  readonly id: string;
  readonly adapter: EngineAdapter | undefined;
  readonly #options: RunningAnswerOptions;
  readonly #choices: Choice[];
  #isSubmitted = false;

  constructor(options: RunningAnswerOptions) {
    const { request, ids, tokenizer } = options;
    this.id = request.id;
    this.adapter = options.adapter;
    this.#options = options;
    this.#choices = Array.from({ length: request.n }, (_, index) => ({
      index,
      text: new ChoiceText(textOf(tokenizer), request.sampling.stop, ids),
      sequence: undefined,
      echo: this.#isEchoReported ? [] : undefined,
      isDone: false,
    }));
  }

  get isDone(): boolean {
    return this.#choices.every(({ isDone }) => isDone);
  }

  /** Queues all choices; those after the first wait until the shared prompt is in the cache. */
  submit(engine: Engine): Sequence<EngineAdapter>[] {
    const { ids, tokensMax, adapter, sampling, stopTokens, request } = this.#options;
    if (this.#isSubmitted) return [];
    this.#isSubmitted = true;
    const isScored = this.#isEchoReported && ids.length > 1;
    if (tokensMax === 0 && !isScored) return [];
    let leader: Sequence<EngineAdapter> | undefined;
    return this.#choices.map((choice) => {
      const sequence = engine.submit({
        ids,
        adapter,
        tokensMax,
        stopTokens,
        sampling: sampling(choice.index),
        leader,
        ...(isScored ? { scoreFrom: 0, scoreTop: request.sampling.topLogProbs ?? 0 } : {}),
      });
      choice.sequence = sequence;
      leader ??= sequence;
      return sequence;
    });
  }

  /** What can be told before the first step: the echoed prompt, and the end of a request that draws nothing. */
  opening(): GenerationOutput[] {
    return this.#choices.flatMap((choice) => {
      const outputs: GenerationOutput[] = [];
      const isWaiting = choice.echo !== undefined && choice.sequence !== undefined;
      if (this.#options.isEcho && !isWaiting) outputs.push(this.#echo(choice));
      if (choice.sequence === undefined) outputs.push(this.#finish(choice, 'length'));
      return outputs;
    });
  }

  take(output: SequenceOutput, engine: Engine): GenerationOutput[] {
    const choice = this.#choices.find(({ sequence }) => sequence === output.sequence);
    if (!choice || choice.isDone) return [];
    const { texts } = this.#options;
    const outputs: GenerationOutput[] = [];
    if (choice.echo) {
      choice.echo.push(...output.scored.map((known) => texts.report(known)));
      const isComplete = choice.echo.length === this.#options.ids.length - 1;
      if (isComplete) outputs.push(this.#echo(choice));
    }
    const { token, logProb, ending } = output;
    const report = logProb && texts.report(logProb);
    const isText = token !== undefined && ending !== 'stop';
    if (isText) this.#delta(outputs, choice, choice.text.push(token, report));
    if (choice.text.isStopped) engine.abort(output.sequence);
    if (ending || choice.text.isStopped) {
      this.#delta(outputs, choice, choice.text.end(isText ? undefined : report));
      outputs.push(this.#finish(choice, ending === 'stop' || choice.text.isStopped ? 'stop' : 'length'));
    }
    return outputs;
  }

  get #isEchoReported(): boolean {
    return this.#options.isEcho && this.#options.request.sampling.topLogProbs !== undefined;
  }

  #delta(outputs: GenerationOutput[], { index }: Choice, piece: { text: string; logprobs: TokenReport[] }): void {
    if (piece.text === '' && piece.logprobs.length === 0) return;
    const isReported = this.#options.request.sampling.topLogProbs !== undefined;
    outputs.push({
      type: 'delta',
      request: this.id,
      index,
      text: piece.text,
      ...(isReported ? { logprobs: piece.logprobs } : {}),
    });
  }

  #echo(choice: Choice): GenerationOutput {
    const { ids, tokenizer, texts, request } = this.#options;
    const prompt = request.input.kind === 'text' ? request.input.prompt : '';
    const text =
      typeof prompt === 'string' ? prompt : tokenizer.decode(prompt.filter((id) => id < tokenizer.vocabSize));
    const reports = choice.echo && [texts.unpredicted(ids[0] as number), ...choice.echo];
    choice.echo = undefined;
    const logprobs = reports ? { logprobs: reports } : {};
    return { type: 'delta', request: this.id, index: choice.index, text, ...logprobs };
  }

  #finish(choice: Choice, reason: 'stop' | 'length'): GenerationOutput {
    choice.isDone = true;
    const completionTokens = choice.sequence?.generated ?? 0;
    return { type: 'finish', request: this.id, index: choice.index, reason, completionTokens };
  }
}

/** Embedding matrices are padded to round sizes: an id beyond the vocabulary can be drawn, and it has no text. */
const textOf = (tokenizer: Tokenizer): StreamDecoder =>
  new StreamDecoder((ids) => tokenizer.decode(ids.filter((id) => id < tokenizer.vocabSize)));
