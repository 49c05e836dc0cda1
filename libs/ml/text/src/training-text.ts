import { refusal } from '@hone/base';
import type { ChatMessage, ChatTemplate, RenderOptions } from './chat-template.js';
import type { Tokenizer } from './tokenizer.js';

/** Token ids of one row and, per token, whether its prediction counts in the loss. */
export interface TrainingTokens {
  ids: Int32Array;
  /** 1 where the token is learnt, 0 where it is only read; as long as `ids`. */
  mask: Uint8Array;
}

/** One text that has to be rendered to find where an answer begins and ends. */
export interface RenderJob {
  messages: readonly ChatMessage[];
  addGenerationPrompt: boolean;
}

/** Renderings per answer: the prompt that serving shows, the same without its generation prompt, and the text up to the answer. */
const jobsPerAnswer = 3;

/** The renderings that locate the answers: the whole conversation first, then three for every answer to learn. */
export function renderJobs(messages: readonly ChatMessage[]): RenderJob[] {
  const jobs: RenderJob[] = [{ messages, addGenerationPrompt: false }];
  messages.forEach((message, index) => {
    if (!isLearnt(message)) return;
    const before = messages.slice(0, index);
    jobs.push({ messages: before, addGenerationPrompt: true }, { messages: before, addGenerationPrompt: false });
    jobs.push({ messages: messages.slice(0, index + 1), addGenerationPrompt: false });
  });
  return jobs;
}

/**
 * Ids and loss mask from the renderings of `renderJobs`. The ids are those of the whole text, so they equal the model's own
 * template token for token; an answer is learnt from its first token to its stop token, and nothing after that.
 */
export function tokensFromRenderings(tokenizer: Tokenizer, texts: readonly string[]): TrainingTokens {
  const [whole = '', ...spans] = texts;
  const ids = tokenizer.encode(whole);
  const tokensOf = (characters: number): number => commonLength(ids, tokenizer.encode(whole.slice(0, characters)));
  const learnt: [number, number][] = [];
  for (let at = 0; at < spans.length; at += jobsPerAnswer) {
    const [prompt, before, upTo] = spans.slice(at, at + jobsPerAnswer) as [string, string, string];
    const from = answerStart(whole, prompt, before);
    const to = commonLength(whole, upTo);
    // Thinking templates show an answer with its thoughts only while it is the last: then its end is the next stop token.
    const isRewritten = to <= from;
    const [start, end] = [tokensOf(from), isRewritten ? ids.length : tokensOf(to)];
    const stop = stopToken(tokenizer, ids, start, end, isRewritten || prompt === before);
    if (stop !== undefined) learnt.push([start, stop + 1]);
    else if (upTo.length === whole.length) learnt.push([start, appendStop(tokenizer, ids)]);
    else throw noStopToken();
  }
  const mask = new Uint8Array(ids.length);
  for (const [start, end] of learnt) mask.fill(1, start, end);
  return { ids: Int32Array.from(ids), mask };
}

/**
 * Where the answer begins: as far as the conversation repeats the prompt that serving shows. Templates of thinking models end
 * that prompt with more than a finished answer shows; a template that rewrites the turns themselves cannot be masked.
 */
function answerStart(whole: string, prompt: string, before: string): number {
  const start = commonLength(whole, prompt);
  if (start >= commonLength(prompt, before)) return start;
  throw refusal(
    'template_not_prefix_stable',
    '[chat-template] expected the text of a conversation to begin with the text of its first turns but the template rewrites them; fix: train on the last answer only (weight 0 on the others)',
  );
}

/**
 * The token that ends an answer: a stop token of the model, else the special token that the template writes there. Where more
 * than the answer lies between start and end (a generation prompt, the next turn), that is the first special token.
 */
function stopToken(
  tokenizer: Tokenizer,
  ids: readonly number[],
  start: number,
  end: number,
  hasMore: boolean,
): number | undefined {
  let last: number | undefined;
  for (let at = start; at < end; at++) {
    const id = ids[at] as number;
    if (tokenizer.stopIds.includes(id)) return at;
    if (tokenizer.isSpecial(id) && !(hasMore && last !== undefined)) last = at;
  }
  return last;
}

/** Renders and masks in this thread; for templates of a trusted base model. */
export function renderForTraining(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  options: Omit<RenderOptions, 'addGenerationPrompt'> = {},
): TrainingTokens {
  const texts = renderJobs(messages).map((job) =>
    template.render(job.messages, { ...trainingOptions(options), addGenerationPrompt: job.addGenerationPrompt }),
  );
  return tokensFromRenderings(tokenizer, texts);
}

/** A prompt and its completion without a template: only the completion and the stop token are learnt. */
export function completionForTraining(tokenizer: Tokenizer, prompt: string, completion: string): TrainingTokens {
  // The old format begins completions with a space; a prompt that ends with one must not make it two.
  const answer = /\s$/.test(prompt) ? completion.replace(/^ /, '') : completion;
  const before = tokenizer.encode(prompt, { addSpecialTokens: true });
  const ids = withStop(tokenizer, tokenizer.encode(prompt + answer, { addSpecialTokens: true }));
  const mask = new Uint8Array(ids.length).fill(1, commonLength(ids, before));
  return { ids: Int32Array.from(ids), mask };
}

/** Plain text: every token is learnt but the BOS, which nothing predicts. */
export function textForTraining(tokenizer: Tokenizer, text: string): TrainingTokens {
  const ids = withStop(tokenizer, tokenizer.encode(text, { addSpecialTokens: true }));
  const mask = new Uint8Array(ids.length).fill(1);
  if (ids[0] === tokenizer.bosId) mask[0] = 0;
  return { ids: Int32Array.from(ids), mask };
}

/** Training data must not change with the calendar: a template that prints the date prints this one. */
const trainingDate = new Date('2025-01-01T00:00:00Z');

export const trainingOptions = (options: RenderOptions): RenderOptions => ({ now: trainingDate, ...options });

const isLearnt = ({ role, weight }: ChatMessage): boolean => role === 'assistant' && weight !== 0;

function commonLength(a: ArrayLike<unknown>, b: ArrayLike<unknown>): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

/** Some templates end the last answer without a stop token; without one the model never learns to stop. */
function appendStop(tokenizer: Tokenizer, ids: number[]): number {
  if (tokenizer.eosId === undefined) throw noStopToken();
  return ids.push(tokenizer.eosId);
}

const withStop = (tokenizer: Tokenizer, ids: number[]): number[] =>
  tokenizer.eosId === undefined || ids.at(-1) === tokenizer.eosId ? ids : [...ids, tokenizer.eosId];

const noStopToken = (): Error =>
  refusal(
    'stop_token_missing',
    '[chat-template] expected every answer to end with a stop token but the template writes none; fix: name an eos_token in tokenizer_config.json',
  );
