import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { CliError, exitCodes } from '../exit-codes.js';
import { Home } from '../home.js';
import { isAlive, readState } from '../up/state.js';

export interface Connection {
  url: string;
  key: string;
  /** W3C trace context for every request; the whole of a command is one trace when given. */
  traceparent?: string;
}

/** Where to ask and with which key: HONE_URL with HONE_API_KEY, or the mesh of this HONE_HOME. */
export function connection(traceparent?: string): Connection {
  const shared = traceparent === undefined ? {} : { traceparent };
  const url = process.env['HONE_URL'];
  const key = process.env['HONE_API_KEY'];
  if (url && key) return { url: url.replace(/\/+$/, ''), key, ...shared };
  const home = new Home();
  const state = readState(home);
  if (state === undefined || !isAlive(state.pid)) {
    const message = `[hone] expected a running mesh in ${home.root} but found none; fix: npx hone up, or set HONE_URL and HONE_API_KEY`;
    throw new CliError(message, exitCodes.unavailable);
  }
  return { url: url ?? state.url, key: readFileSync(state.apiKeyFile, 'utf8').trim(), ...shared };
}

const headersOf = ({ traceparent }: Connection): Record<string, string> =>
  traceparent === undefined ? {} : { traceparent };

/** The official client, for everything that OpenAI's API has. */
export const openai = (to: Connection): OpenAI =>
  new OpenAI({
    baseURL: `${to.url}/v1`,
    apiKey: to.key,
    defaultHeaders: headersOf(to),
    maxRetries: 3,
    timeout: actMsMax,
    fetch: (url, init) => fetch(url, { ...init, signal: deadline(init?.method, init?.signal) }),
  });

/** A question has its answer soon or not at all; what carries files or makes the mesh work may take longer. */
const questionMsMax = 12_000;
const actMsMax = 120_000;
/** How long a restart of a service is waited for. */
const patienceMsMax = 30_000;

function deadline(method: string | undefined, given?: AbortSignal | null): AbortSignal | null {
  const isQuestion = (method ?? 'GET').toUpperCase() === 'GET';
  if (!isQuestion) return given ?? null;
  return AbortSignal.any([AbortSignal.timeout(questionMsMax), ...(given ? [given] : [])]);
}

/** A request to one of Hone's own routes; a failure becomes an error with the gateway's words. */
export async function ask<T>(
  to: Connection,
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<T> {
  const isForm = body instanceof FormData;
  const json = body === undefined || isForm ? {} : { 'content-type': 'application/json' };
  const headers = { authorization: `Bearer ${to.key}`, ...headersOf(to), ...json, ...more };
  const sent = body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) };
  const signal = deadline(method);
  const response = await fetch(`${to.url}${path}`, { method, headers, signal, ...sent }).catch((thrown: unknown) => {
    throw isTimeout(thrown) ? silent(to.url) : thrown;
  });
  if (response.ok) return (await response.json()) as T;
  throw await failureOf(response);
}

const isTimeout = (thrown: unknown): boolean => thrown instanceof DOMException && thrown.name === 'TimeoutError';

const silent = (url: string): ApiError =>
  new ApiError(
    504,
    'no_answer',
    `[hone] expected an answer of ${url} within ${questionMsMax / 1000} s but received none; fix: look at npx hone status and at the free space of HONE_HOME`,
  );

/** Asks again while the service behind the door is restarting; for requests that may be repeated. */
export async function askPatiently<T>(to: Connection, method: string, path: string, body?: unknown): Promise<T> {
  const started = performance.now();
  for (;;) {
    try {
      return await ask<T>(to, method, path, body);
    } catch (thrown) {
      const isPassing = thrown instanceof TypeError || (thrown instanceof ApiError && thrown.status >= 500);
      if (!isPassing || performance.now() - started > patienceMsMax) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

export class ApiError extends CliError {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message, exitCodeOf(status));
    this.status = status;
    this.code = code;
  }
}

async function failureOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  const trace = response.headers.get('x-trace-id');
  const seen = trace === null ? '' : ` (trace ${trace})`;
  try {
    const { error } = JSON.parse(text) as { error: { message: string; code: string | null } };
    return new ApiError(response.status, error.code ?? 'unknown', `${error.message}${seen}`);
  } catch {
    return new ApiError(response.status, 'unknown', `the gateway answered ${response.status}${seen}`);
  }
}

export function exitCodeOf(status: number): number {
  if (status === 404) return exitCodes.notFound;
  if (status === 409) return exitCodes.conflict;
  return status >= 500 || status === 429 ? exitCodes.unavailable : exitCodes.failed;
}
