import { z } from 'zod';
import { route } from './route.js';

const health = z
  .object({ status: z.enum(['ok', 'unavailable']), checks: z.record(z.string(), z.string()) })
  .meta({ id: 'Health' });

export const healthLive = route({
  operationId: 'healthLive',
  method: 'GET',
  path: '/health/live',
  summary: 'The process answers.',
  auth: 'open',
  reply: health,
  calls: [],
});

export const healthReady = route({
  operationId: 'healthReady',
  method: 'GET',
  path: '/health/ready',
  summary: 'The gateway is connected to the bus and its object store; 503 otherwise.',
  auth: 'open',
  reply: health,
  calls: [],
});

export const openApiDocument = route({
  operationId: 'openApiDocument',
  method: 'GET',
  path: '/openapi.json',
  summary: 'This API as an OpenAPI 3.1 document.',
  auth: 'open',
  reply: z.record(z.string(), z.unknown()),
  calls: [],
});
