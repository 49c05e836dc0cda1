import { context } from '@opentelemetry/api';
import { asHoneError, digestOf, refusal } from '@hone/base';
import type { GenerationFrame, Sampling } from '@hone/contracts';
import type { GenerationInput, Weights } from '@hone/engine';
import { attributes, failSpan } from '@hone/telemetry';
import { framesOfDelta } from '../domain/frames.js';
import type { Resolution } from '../domain/resolve-model.js';
import { type AnswerSpan, describeResolution, startAnswerSpan } from './answer-span.js';
import type { ServingState } from './serving-state.js';

export interface Completion {
  operation: 'chat' | 'text_completion';
  requestId: string;
  model: string;
  /** Keeps to one arm of an experiment. */
  user: string | undefined;
  n: number;
  sampling: Sampling;
  input: GenerationInput;
  /** Told at the end with the words of the first choice; not told when the caller leaves before. */
  completed?: (answer: CompletedAnswer) => Promise<void>;
}

export interface CompletedAnswer {
  resolution: Resolution;
  text: string;
  promptTokens: number;
  completionTokens: number;
  durationMs: number;
}

/** Answers a request frame by frame. Leaving the loop, or the signal, frees its memory within one engine step. */
export async function* complete(
  state: ServingState,
  wanted: Completion,
  signal: AbortSignal,
): AsyncGenerator<GenerationFrame, void, void> {
  const { operation, requestId, model, n, sampling } = wanted;
  const answer = startAnswerSpan(operation, model, requestId, n, sampling);
  try {
    yield* framesOf(state, wanted, signal, answer);
  } catch (thrown) {
    failSpan(answer.span, thrown);
    const error = asHoneError(thrown);
    if (error.kind === 'refusal' || error.status === 429) state.parts.instruments.refused(error.code);
    throw thrown;
  } finally {
    answer.span.end();
  }
}

async function* framesOf(
  state: ServingState,
  wanted: Completion,
  signal: AbortSignal,
  { span, inside }: AnswerSpan,
): AsyncGenerator<GenerationFrame, void, void> {
  const started = state.clock.monotonic();
  const { engine, folders, settings, instruments } = state.parts;
  const resolution = state.resolve(wanted.model, wanted.user ?? wanted.requestId);
  describeResolution(span, resolution);
  refuseCrowd(state.openChoices, wanted.n, settings.sequencesMax, settings.waitingMax);
  state.openChoices += wanted.n;
  try {
    const weights = await context.with(inside, () => folders.weights(resolution));
    const request = { input: wanted.input, n: wanted.n, sampling: wanted.sampling };
    const { promptTokens, outputs } = await engine.generate(weights, request, signal);
    yield startFrame(resolution, weights, promptTokens);
    const told = {
      text: '',
      completionTokens: 0,
      reasons: [] as string[],
      firstTokenMs: undefined as number | undefined,
    };
    for await (const output of outputs) {
      if (output.type === 'delta') {
        told.firstTokenMs ??= state.clock.monotonic() - started;
        if (output.index === 0) told.text += output.text;
        yield* framesOfDelta(output.index, output.text, output.logprobs);
      } else if (output.type === 'finish') {
        told.completionTokens += output.completionTokens;
        told.reasons.push(output.reason);
        yield { type: 'finish', index: output.index, reason: output.reason, completionTokens: output.completionTokens };
      }
    }
    const durationMs = state.clock.monotonic() - started;
    const counts = { promptTokens, completionTokens: told.completionTokens, durationMs };
    span.setAttributes({
      [attributes.inputTokens]: promptTokens,
      [attributes.outputTokens]: told.completionTokens,
      [attributes.finishReasons]: told.reasons,
      ...(told.firstTokenMs === undefined ? {} : { [attributes.timeToFirstChunk]: told.firstTokenMs / 1000 }),
    });
    instruments.answered({
      operation: wanted.operation,
      model: resolution.model.name,
      ...counts,
      firstTokenMs: told.firstTokenMs,
    });
    await context.with(inside, () => wanted.completed?.({ resolution, text: told.text, ...counts }));
  } finally {
    state.openChoices -= wanted.n;
  }
}

function startFrame(
  { model, base, alias, experiment, arm }: Resolution,
  weights: Weights,
  promptTokens: number,
): GenerationFrame {
  return {
    type: 'start',
    model: model.name,
    base: base.name,
    ...(alias === undefined ? {} : { alias }),
    ...(experiment === undefined ? {} : { experiment }),
    ...(arm === undefined ? {} : { arm }),
    promptTokens,
    // Everything that decides the numbers: base content, adapter content, and how the base is held.
    fingerprint: digestOf({
      base: base.fingerprint,
      model: model.manifest,
      format: weights.base.format,
      head: weights.base.headFormat ?? 'auto',
    }),
  };
}

/** The engine bounds its queue by tokens; this bound answers at once, without waiting for the engine's next step. */
function refuseCrowd(open: number, n: number, sequencesMax: number, waitingMax: number): void {
  if (open + n <= sequencesMax + waitingMax) return;
  const message = `[serving] expected at most ${sequencesMax + waitingMax} answers at a time but received ${n} more than the ${open} under way`;
  throw refusal('overloaded', `${message}; fix: ask again later, or add a replica of serving`, {
    status: 429,
    retryAfterSeconds: 1 + Math.floor(open / sequencesMax),
  });
}
