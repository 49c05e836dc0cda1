import type { ChatRequest, Sampling, TextRequest } from '@hone/contracts';

type Fields = Pick<
  ChatRequest & TextRequest,
  | 'temperature'
  | 'top_p'
  | 'top_k'
  | 'min_p'
  | 'presence_penalty'
  | 'frequency_penalty'
  | 'logit_bias'
  | 'seed'
  | 'stop'
>;

/** OpenAI lets top_p be 0, which can only mean the likeliest token; the bus wants a probability above 0. */
const topPLeast = 1e-6;

/** The sampling fields of a request with OpenAI's defaults for what is absent or null. */
export function samplingOf(
  fields: Fields,
  { tokensMax, topLogProbs }: { tokensMax: number | undefined; topLogProbs: number | undefined },
): Sampling {
  const stop = typeof fields.stop === 'string' ? [fields.stop] : (fields.stop ?? []);
  return {
    temperature: fields.temperature ?? 1,
    topP: Math.max(fields.top_p ?? 1, topPLeast),
    topK: fields.top_k ?? 0,
    minP: fields.min_p ?? 0,
    presencePenalty: fields.presence_penalty ?? 0,
    frequencyPenalty: fields.frequency_penalty ?? 0,
    logitBias: fields.logit_bias ?? {},
    stop,
    ...(fields.seed == null ? {} : { seed: fields.seed }),
    ...(tokensMax === undefined ? {} : { tokensMax }),
    ...(topLogProbs === undefined ? {} : { topLogProbs }),
  };
}
