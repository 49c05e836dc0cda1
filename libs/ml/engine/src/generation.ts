import type { ErrorBody } from '@hone/base';
import type { ChatMessage } from '@hone/text';

/** Sampling as requests spell it; the names are those of the message book. */
export interface RequestSampling {
  temperature: number;
  topP: number;
  topK: number;
  minP: number;
  presencePenalty: number;
  frequencyPenalty: number;
  logitBias: Readonly<Record<string, number>>;
  seed?: number | undefined;
  /** Absent: up to the end of the context. */
  tokensMax?: number | undefined;
  stop: readonly string[];
  /** Absent: no log-probabilities. */
  topLogProbs?: number | undefined;
}

type TextInput = { kind: 'text'; prompt: string | readonly number[]; echo: boolean };

/** What a caller asks to have continued. */
export type GenerationInput = { kind: 'chat'; messages: readonly ChatMessage[] } | TextInput;

/** The same once the conversation is a text: a template is a foreign program and never runs in the engine's thread. */
export type RenderedInput = { kind: 'rendered'; text: string } | TextInput;

export interface GenerationRequest {
  id: string;
  input: RenderedInput;
  /** Choices, each with its own draws. */
  n: number;
  sampling: RequestSampling;
  /** The key of a loaded adapter; absent = the plain base. */
  adapter?: string | undefined;
}

export interface ScoreItem {
  messages: readonly ChatMessage[];
  answer: string;
}

/** A conversation with its answer as the texts of `renderJobs`, in their order. */
export interface RenderedItem {
  texts: readonly string[];
}

export interface ScoreRequest {
  id: string;
  items: readonly RenderedItem[];
  adapter?: string | undefined;
}

// A type, not an interface: the loose objects of the message book take only types without room for more members.
export type Score = {
  /** Nats, summed over the answer's tokens and its stop token. */
  logProb: number;
  tokens: number;
};

export type TokenReport = {
  token: string;
  bytes: number[];
  /** Null for a prompt's first token, which nothing predicts. */
  logprob: number | null;
  top: { token: string; bytes: number[]; logprob: number }[];
};

/** What the engine tells about a request; all outputs of one step travel together. */
export type GenerationOutput =
  | { type: 'delta'; request: string; index: number; text: string; logprobs?: TokenReport[] }
  | { type: 'finish'; request: string; index: number; reason: 'stop' | 'length'; completionTokens: number }
  | { type: 'scored'; request: string; scores: Score[] }
  | { type: 'failed'; request: string; error: ErrorBody };
