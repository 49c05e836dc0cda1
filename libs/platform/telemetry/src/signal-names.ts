/**
 * The attribute and metric names of Hone's spans and metrics, kept here because the GenAI conventions are still moving:
 * OpenTelemetry semantic-conventions 1.45.0, and `hone.*` for what they do not name. Contents of chats are never recorded.
 */
export const schemaUrl = 'https://opentelemetry.io/schemas/1.45.0';

export const attributes = {
  operationName: 'gen_ai.operation.name',
  providerName: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  requestTemperature: 'gen_ai.request.temperature',
  requestTopP: 'gen_ai.request.top_p',
  requestTokensMax: 'gen_ai.request.max_tokens',
  requestSeed: 'gen_ai.request.seed',
  requestStream: 'gen_ai.request.stream',
  requestChoices: 'gen_ai.request.choice.count',
  responseId: 'gen_ai.response.id',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedTokens: 'gen_ai.usage.cache_read.input_tokens',
  evaluationName: 'gen_ai.evaluation.name',
  evaluationScore: 'gen_ai.evaluation.score.value',
  httpMethod: 'http.request.method',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  errorType: 'error.type',
  jobId: 'hone.job.id',
  turnId: 'hone.turn.id',
  adapterDigest: 'hone.adapter.digest',
  datasetVersion: 'hone.dataset.version',
  experimentArm: 'hone.experiment.arm',
} as const;

export const metricNames = {
  requestDuration: 'gen_ai.server.request.duration',
  timeToFirstToken: 'gen_ai.server.time_to_first_token',
  timePerOutputToken: 'gen_ai.server.time_per_output_token',
  tokenUsage: 'gen_ai.client.token.usage',
  stepDuration: 'hone.trainer.step.duration',
  stepLoss: 'hone.trainer.step.loss',
} as const;
