import type { StepNews } from '@hone/engine';
import { attributes, meter, metricNames } from '@hone/telemetry';

const seconds = {
  unit: 's',
  advice: { explicitBucketBoundaries: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60] },
};
const shortSeconds = {
  unit: 's',
  advice: { explicitBucketBoundaries: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] },
};

export interface AnswerFacts {
  operation: string;
  model: string;
  promptTokens: number;
  completionTokens: number;
  durationMs: number;
  firstTokenMs: number | undefined;
}

/** The numbers of serving: the GenAI ones per request, and the engine's own per step. */
export class Instruments {
  readonly #duration = meter().createHistogram(metricNames.requestDuration, seconds);
  readonly #firstToken = meter().createHistogram(metricNames.timeToFirstToken, shortSeconds);
  readonly #perToken = meter().createHistogram(metricNames.timePerOutputToken, shortSeconds);
  readonly #tokens = meter().createHistogram(metricNames.tokenUsage, { unit: '{token}' });
  readonly #refused = meter().createCounter('hone.serving.admission.rejections', { unit: '{request}' });
  readonly #step = meter().createHistogram('hone.serving.step.duration', shortSeconds);
  #last: StepNews | undefined;

  constructor() {
    const gauge = (name: string, unit: string, value: (resident: StepNews['residents'][number]) => number): void => {
      meter()
        .createObservableGauge(name, { unit })
        .addCallback((result) => {
          for (const resident of this.#last?.residents ?? []) result.observe(value(resident), { base: resident.base });
        });
    };
    gauge('hone.serving.sequences.running', '{sequence}', ({ running }) => running);
    gauge('hone.serving.sequences.waiting', '{sequence}', ({ waiting }) => waiting);
    gauge('hone.serving.blocks.used', '{block}', ({ blocksUsed }) => blocksUsed);
    gauge('hone.serving.blocks.adapters', '{block}', ({ blocksOfAdapters }) => blocksOfAdapters);
    gauge('hone.serving.blocks.limit', '{block}', ({ blocks }) => blocks);
    gauge('hone.serving.preemptions', '{preemption}', ({ preemptions }) => preemptions);
  }

  stepped(step: StepNews): void {
    this.#last = step;
    if (step.milliseconds !== undefined) this.#step.record(step.milliseconds / 1000);
  }

  refused(reason: string): void {
    this.#refused.add(1, { reason });
  }

  answered({ operation, model, promptTokens, completionTokens, durationMs, firstTokenMs }: AnswerFacts): void {
    const labels = { [attributes.operationName]: operation, [attributes.requestModel]: model };
    this.#duration.record(durationMs / 1000, labels);
    this.#tokens.record(promptTokens, { ...labels, 'gen_ai.token.type': 'input' });
    this.#tokens.record(completionTokens, { ...labels, 'gen_ai.token.type': 'output' });
    if (firstTokenMs === undefined) return;
    this.#firstToken.record(firstTokenMs / 1000, labels);
    if (completionTokens > 1)
      this.#perToken.record((durationMs - firstTokenMs) / 1000 / (completionTokens - 1), labels);
  }
}
