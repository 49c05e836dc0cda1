/** How one sequence's tokens are drawn. Every draw depends on these, the logits and its position alone. */
export interface SamplingSettings {
  /** 0 = greedy. */
  temperature: number;
  topP: number;
  /** 0 = off. */
  topK: number;
  minP: number;
  presencePenalty: number;
  frequencyPenalty: number;
  /** Token id -> what is added to its logit. */
  logitBias: ReadonlyMap<number, number>;
  /** Words of 32 bits, ceil(V / 32) of them: an id whose bit v % 32 of word v / 32 is 0 cannot be drawn. Absent = all can. */
  mask?: Int32Array | undefined;
  /** Two 32-bit words: of the request's seed and the choice's index. */
  seed: readonly [number, number];
  /** How many alternatives are reported per token; absent = no log-probabilities. */
  topLogProbs?: number | undefined;
}

export const greedy: SamplingSettings = {
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map(),
  seed: [0, 0],
};
