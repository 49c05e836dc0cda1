import { randomBytes } from 'node:crypto';

/** A new W3C trace context, sampled. */
export const newTraceparent = (): string =>
  `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;

export const traceIdOf = (traceparent: string): string => traceparent.split('-')[1] ?? '';
export const spanIdOf = (traceparent: string): string => traceparent.split('-')[2] ?? '';
