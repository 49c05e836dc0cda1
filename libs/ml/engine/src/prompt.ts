import { refusal } from '@hone/base';
import { tokensFromRenderings } from '@hone/text';
import type { RenderedInput, RenderedItem, RequestSampling } from './generation.js';
import type { SamplingSettings } from './sampling-settings.js';
import { randomSeed, seedWords } from './seed-words.js';
import type { TextModel } from './text-model.js';

/** The token ids that an answer continues. */
export function promptIds({ tokenizer, model }: TextModel, input: RenderedInput): number[] {
  if (input.kind === 'rendered') return tokenizer.encode(input.text);
  if (typeof input.prompt !== 'string') return checkedIds(input.prompt, model.shape.vocabSize);
  const ids = tokenizer.encode(input.prompt, { addSpecialTokens: true });
  if (ids.length > 0) return ids;
  // An empty prompt still needs a token to predict from.
  const first = model.shape.bosTokenId ?? tokenizer.bosId ?? model.shape.eosTokenIds[0];
  if (first === undefined)
    throw refusal('prompt_empty', '[serving] expected a prompt but received an empty one', { param: 'prompt' });
  return [first];
}

/** A conversation with its answer, exactly as training sees it; `from` is the last position before the answer. */
export function scoredIds({ tokenizer }: TextModel, { texts }: RenderedItem): ScoredIds {
  const { ids, mask } = tokensFromRenderings(tokenizer, texts);
  const first = mask.indexOf(1);
  const last = mask.lastIndexOf(1);
  if (first < 1)
    throw refusal('answer_not_found', '[serving] the chat template leaves the answer out', { param: 'items' });
  return { ids: Array.from(ids.subarray(0, last + 1)), from: first - 1 };
}

export interface ScoredIds {
  ids: number[];
  from: number;
}

/** The settings of each choice: all alike but for the seed. */
export function samplingOf(request: RequestSampling, vocabSize: number): (index: number) => SamplingSettings {
  const { temperature, topP, topK, minP, presencePenalty, frequencyPenalty, topLogProbs } = request;
  const logitBias = biasOf(request.logitBias, vocabSize);
  const seed = request.seed ?? randomSeed();
  const shared = { temperature, topP, topK, minP, presencePenalty, frequencyPenalty, topLogProbs, logitBias };
  return (index) => ({ ...shared, seed: seedWords(seed, index) });
}

function biasOf(bias: Readonly<Record<string, number>>, vocabSize: number): ReadonlyMap<number, number> {
  return new Map(
    Object.entries(bias).map(([id, value]) => [checkedId(Number(id), vocabSize, 'logit_bias'), value] as const),
  );
}

const checkedIds = (ids: readonly number[], vocabSize: number): number[] =>
  ids.map((id) => checkedId(id, vocabSize, 'prompt'));

function checkedId(id: number, vocabSize: number, param: string): number {
  if (Number.isInteger(id) && id >= 0 && id < vocabSize) return id;
  const message = `[serving] expected token ids from 0 to ${vocabSize - 1} for ${param} but received ${id}`;
  throw refusal('token_out_of_range', `${message}; fix: use ids of this model's tokenizer`, { param });
}
