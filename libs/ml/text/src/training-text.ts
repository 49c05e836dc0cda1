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

/**
 * The renderings that locate the answers: the whole conversation first, then for every answer to learn the text before it (with
 * the generation prompt, which is exactly what serving will show the model) and the text up to its end.
 */
export function renderJobs(messages: readonly ChatMessage[]): RenderJob[] {
  const jobs: RenderJob[] = [{ messages, addGenerationPrompt: false }];
  messages.forEach((message, index) => {
    if (!isLearnt(message)) return;
    jobs.push({ messages: messages.slice(0, index), addGenerationPrompt: true });
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
  const mask = new Uint8Array(ids.length + 1);
  let end = ids.length;
  for (let at = 0; at < spans.length; at += 2) {
    const [before, upTo] = [spans[at] as string, spans[at + 1] as string];
    checkPrefixes(before, upTo, whole);
    const start = commonLength(ids, tokenizer.encode(before));
    const last = lastSpecial(tokenizer, ids, start, commonLength(ids, tokenizer.encode(upTo)));
    if (last !== undefined) mask.fill(1, start, last + 1);
    else if (upTo.length === whole.length) [end] = [appendStop(tokenizer, ids, mask, start)];
    else throw noStopToken();
  }
  return { ids: Int32Array.from(ids), mask: mask.slice(0, end) };
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

function commonLength(a: readonly number[], b: readonly number[]): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

function lastSpecial(tokenizer: Tokenizer, ids: readonly number[], start: number, end: number): number | undefined {
  for (let at = end - 1; at >= start; at--) if (tokenizer.isSpecial(ids[at] as number)) return at;
  return undefined;
}

/** Some templates end the last answer without a stop token; without one the model never learns to stop. */
function appendStop(tokenizer: Tokenizer, ids: number[], mask: Uint8Array, start: number): number {
  if (tokenizer.eosId === undefined) throw noStopToken();
  ids.push(tokenizer.eosId);
  mask.fill(1, start, ids.length);
  return ids.length;
}

const withStop = (tokenizer: Tokenizer, ids: number[]): number[] =>
  tokenizer.eosId === undefined || ids.at(-1) === tokenizer.eosId ? ids : [...ids, tokenizer.eosId];

function checkPrefixes(before: string, upTo: string, whole: string): void {
  if (upTo.startsWith(before) && whole.startsWith(upTo)) return;
  throw refusal(
    'template_not_prefix_stable',
    '[chat-template] expected the text of a conversation to begin with the text of its first turns but the template rewrites them; fix: train on the last answer only (weight 0 on the others)',
  );
}

const noStopToken = (): Error =>
  refusal(
    'stop_token_missing',
    '[chat-template] expected every answer to end with a stop token but the template writes none; fix: name an eos_token in tokenizer_config.json',
  );
