import { digestOf, newId } from '@hone/base';
import type { FastifyRequest } from 'fastify';

/**
 * The id of a thing that a request makes. With an `Idempotency-Key` it follows from the key, so that a client which asks again
 * after a lost answer gets the thing that it made the first time, and never a second one.
 */
export function idFor(prefix: string, request: FastifyRequest): string {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || key === '') return newId(prefix);
  const owner = request.headers.authorization ?? '';
  return `${prefix}-${digestOf({ prefix, key, owner }).slice('sha256:'.length, 'sha256:'.length + 26)}`;
}
