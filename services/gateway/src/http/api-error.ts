import { asHoneError, HoneError } from '@hone/base';
import { type ApiErrorBody, apiErrorType } from '@hone/contracts';

export interface HttpError {
  status: number;
  body: ApiErrorBody;
  retryAfterSeconds: number | undefined;
}

interface ForeignHttpError {
  message: string;
  statusCode: number;
  code?: string;
}

/** Any thrown value as OpenAI's error body. A bug keeps its text in the log: the client gets the request id to ask with. */
export function httpErrorOf(thrown: unknown, requestId: string): HttpError {
  const error = fromFastify(thrown) ?? asHoneError(thrown);
  const isHidden = error.kind === 'bug';
  const message = isHidden ? `Hone failed in an unexpected way; fix: look for ${requestId} in its log.` : error.message;
  return {
    status: error.status,
    retryAfterSeconds: error.retryAfterSeconds ?? (error.status === 429 || error.status === 503 ? 1 : undefined),
    body: {
      error: {
        message,
        type: apiErrorType(error.status),
        param: error.param ?? null,
        code: isHidden ? 'internal' : error.code,
      },
    },
  };
}

/** What fastify and its plug-ins throw: broken JSON, bodies over a limit, unknown content types. */
function fromFastify(thrown: unknown): HoneError | undefined {
  if (thrown instanceof HoneError || !(thrown instanceof Error)) return undefined;
  const status = statusOf(thrown as Partial<ForeignHttpError> & { getStatus?: () => number });
  if (status === undefined || status >= 500) return undefined;
  const code = status === 404 ? 'not_found' : status === 413 ? 'too_large' : 'invalid_request';
  return new HoneError('refusal', code, thrown.message, { status });
}

const statusOf = (error: Partial<ForeignHttpError> & { getStatus?: () => number }): number | undefined =>
  typeof error.statusCode === 'number' ? error.statusCode : error.getStatus?.();
