import { z } from 'zod';

/** The errors that the gateway answers with, in OpenAI's body: `{"error": {message, type, param, code}}`. */
export const apiErrors = {
  invalid_request: {
    status: 400,
    type: 'invalid_request_error',
    when: 'The request does not fit; `param` names the field.',
  },
  invalid_api_key: { status: 401, type: 'authentication_error', when: 'No key, or a wrong one.' },
  host_refused: { status: 403, type: 'permission_error', when: 'The Host or Origin header names a foreign site.' },
  not_found: { status: 404, type: 'invalid_request_error', when: 'Nothing has this id or path.' },
  model_not_found: { status: 404, type: 'invalid_request_error', when: 'No model, adapter or alias has this name.' },
  conflict: {
    status: 409,
    type: 'invalid_request_error',
    when: 'The thing has moved on, e.g. a job has ended already.',
  },
  too_large: { status: 413, type: 'invalid_request_error', when: 'The body is over its limit; nothing was stored.' },
  overloaded: {
    status: 429,
    type: 'rate_limit_error',
    when: 'A queue is full; `Retry-After` says when to come again.',
  },
  internal: { status: 500, type: 'server_error', when: 'A bug of Hone; the request id finds it in the log.' },
  service_unavailable: { status: 503, type: 'server_error', when: 'A service or the bus is down or restarting.' },
} as const satisfies Record<string, { status: number; type: string; when: string }>;

export type ApiErrorName = keyof typeof apiErrors;

export const apiError = z.object({
  message: z.string(),
  type: z.string(),
  param: z.string().nullable(),
  code: z.string().nullable(),
});

export const apiErrorBody = z.object({ error: apiError }).meta({ id: 'ErrorResponse' });
export type ApiErrorBody = z.output<typeof apiErrorBody>;

/** The `type` that OpenAI's clients expect beside a status. */
export function apiErrorType(status: number): string {
  const known = Object.values(apiErrors).find((error) => error.status === status);
  return known?.type ?? (status < 500 ? 'invalid_request_error' : 'server_error');
}
