/**
 * Every failure is one of three kinds: a *refusal* is the caller's fault (HTTP 4xx), a *fault* is the world's and may be
 * retried within bounds, a *bug* is a broken assertion that stops the process or the run.
 */
export type ErrorKind = 'refusal' | 'fault' | 'bug';

export interface ErrorFields {
  /** The request field, setting or file that is wrong, e.g. `hyperparameters.n_epochs`. */
  param?: string;
  /** HTTP status for a refusal; 400 when absent. */
  status?: number;
  /** Seconds after which the same call may succeed. */
  retryAfterSeconds?: number;
  /** Facts for the reader (line numbers, digests, limits); never secrets, never user content. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/** The one error type that crosses rooms. Its JSON form travels on the bus and becomes the HTTP error body. */
export class HoneError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly param: string | undefined;
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(kind: ErrorKind, code: string, message: string, fields: ErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = 'HoneError';
    this.kind = kind;
    this.code = code;
    this.param = fields.param;
    this.status = fields.status ?? (kind === 'refusal' ? 400 : kind === 'fault' ? 503 : 500);
    this.retryAfterSeconds = fields.retryAfterSeconds;
    this.details = fields.details;
  }

  toJSON(): ErrorBody {
    return {
      kind: this.kind,
      code: this.code,
      message: this.message,
      status: this.status,
      ...(this.param === undefined ? {} : { param: this.param }),
      ...(this.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: this.retryAfterSeconds }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }

  /** Rebuilds the error on the other side of the bus. */
  static from(body: ErrorBody): HoneError {
    const { kind, code, message, ...fields } = body;
    return new HoneError(kind, code, message, fields);
  }
}

/** What a HoneError looks like on the wire. */
export interface ErrorBody {
  kind: ErrorKind;
  code: string;
  message: string;
  status: number;
  param?: string;
  retryAfterSeconds?: number;
  details?: Record<string, unknown>;
}

export const refusal = (code: string, message: string, fields?: ErrorFields): HoneError =>
  new HoneError('refusal', code, message, fields);

export const fault = (code: string, message: string, fields?: ErrorFields): HoneError =>
  new HoneError('fault', code, message, fields);

export const bug = (code: string, message: string, fields?: ErrorFields): HoneError =>
  new HoneError('bug', code, message, fields);

/** Any thrown value as a HoneError: an unknown exception is a bug, and its message is kept. */
export function asHoneError(thrown: unknown): HoneError {
  if (thrown instanceof HoneError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return bug('internal', message, { cause: thrown });
}

/** Throws a bug when a condition that the code relies on does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw bug('assertion', message);
}
