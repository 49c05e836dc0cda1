import { context, type Context, type Span, SpanKind, trace } from '@opentelemetry/api';
import type { Sampling } from '@hone/contracts';
import { attributes } from '@hone/telemetry';
import type { Resolution } from '../domain/resolve-model.js';

export interface AnswerSpan {
  span: Span;
  /** The context in which what belongs to the answer is done; a generator cannot keep one open across its yields. */
  inside: Context;
}

/** The span of one answer, `chat <model>`, named and filled as the GenAI conventions ask. Words are never recorded. */
export function startAnswerSpan(
  operation: string,
  model: string,
  id: string,
  n: number,
  sampling: Sampling,
): AnswerSpan {
  const span = trace.getTracer('hone').startSpan(`${operation} ${model}`, {
    kind: SpanKind.INTERNAL,
    attributes: {
      [attributes.operationName]: operation,
      [attributes.providerName]: 'hone',
      [attributes.requestModel]: model,
      [attributes.requestTemperature]: sampling.temperature,
      [attributes.requestTopP]: sampling.topP,
      [attributes.requestChoices]: n,
      [attributes.responseId]: id,
      ...(sampling.tokensMax === undefined ? {} : { [attributes.requestTokensMax]: sampling.tokensMax }),
      ...(sampling.seed === undefined ? {} : { [attributes.requestSeed]: sampling.seed }),
    },
  });
  return { span, inside: trace.setSpan(context.active(), span) };
}

export function describeResolution(span: Span, { model, experiment, arm }: Resolution): void {
  span.setAttribute(attributes.responseModel, model.name);
  if (model.kind === 'adapter') span.setAttribute(attributes.adapterDigest, model.manifest);
  if (experiment !== undefined && arm !== undefined) {
    span.setAttribute('hone.experiment.name', experiment);
    span.setAttribute(attributes.experimentArm, arm);
  }
}
