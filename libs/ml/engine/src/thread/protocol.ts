import type { ErrorBody } from '@hone/base';
import type { BaseFormat, HeadFormat } from '@hone/models';
import type { GenerationOutput, GenerationRequest, ScoreRequest } from '../generation.js';
import type { TextEngineOptions, TextEngineStats } from '../text-engine.js';

/** A base in one weight format: resident under its key, read from its folder when it is not. */
export interface BasePlace {
  /** Content and format together: two formats of one base are two residents. */
  key: string;
  folder: string;
  format: BaseFormat;
  /** Default auto. */
  headFormat?: HeadFormat;
}

export interface AdapterPlace {
  /** Digest of the adapter's content, so that new weights under an old name are never mistaken for the old ones. */
  key: string;
  folder: string;
}

export interface EngineThreadOptions extends Omit<TextEngineOptions, 'composed'> {
  /** Bases in memory at a time; the least recently used idle one makes room. */
  basesMax?: number;
  /** Milliseconds without a sign of life, loading aside, after which the thread is ended as stuck; default two minutes. */
  silentMsMax?: number;
}

/** A base's chat template as its files spell it: nobody has read it yet. */
export interface TemplateSource {
  source: string;
  specialTokens: Readonly<Record<string, string>>;
}

type WithoutKey<T> = Omit<T, 'adapter'>;

/** What the main thread says. `call` numbers come back with the reply. */
export type EngineCommand =
  | { type: 'warm'; call: number; base: BasePlace; adapter?: AdapterPlace }
  | { type: 'template'; call: number; base: BasePlace }
  | { type: 'generate'; call: number; base: BasePlace; adapter?: AdapterPlace; request: WithoutKey<GenerationRequest> }
  | { type: 'score'; call: number; base: BasePlace; adapter?: AdapterPlace; request: WithoutKey<ScoreRequest> }
  | { type: 'abort'; id: string }
  | { type: 'ping' }
  | { type: 'look'; call: number };

export interface ResidentStats extends TextEngineStats {
  base: string;
  format: BaseFormat;
  kvBytes: number;
}

export interface Accepted {
  promptTokens: number;
  outputs: GenerationOutput[];
}

/** Where the engine computes: told once, when it starts. */
export interface DeviceNews {
  device: 'cpu' | 'cuda';
  why: string;
  card: string | undefined;
}

/** The steps of a base are composed anew each time: nothing of it can be captured. */
export interface ComposedNews {
  base: string;
  why: string;
}

/** Sequences on a base have at most so many tokens, fewer than the model allows: told once, when it is loaded. */
export interface ShortenedNews {
  base: string;
  lengthMax: number;
  why: string;
}

/** What the engine thread says: `device` at its start, `composed` once for a base whose steps cannot be captured, `shortened` for one whose cache is small, a `pong` for each ping, `loading` when it begins and ends to load a base, one reply per call, one `step` per pass over all resident bases that have work, `idle` when none is left. */
export type EngineNews =
  | { type: 'reply'; call: number; value: Accepted | ResidentStats[] | TemplateSource | undefined }
  | { type: 'pong' }
  | ({ type: 'device' } & DeviceNews)
  | ({ type: 'composed' } & ComposedNews)
  | ({ type: 'shortened' } & ShortenedNews)
  | { type: 'loading'; isLoading: boolean }
  | { type: 'refused'; call: number; error: ErrorBody }
  | { type: 'step'; outputs: GenerationOutput[]; milliseconds: number; residents: ResidentLoad[] }
  | { type: 'idle'; residents: ResidentLoad[] };

export interface ResidentLoad {
  base: string;
  running: number;
  waiting: number;
  blocks: number;
  blocksUsed: number;
  blocksOfAdapters: number;
  preemptions: number;
}
