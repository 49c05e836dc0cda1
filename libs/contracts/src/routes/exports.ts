import { z } from 'zod';
import { id } from '../fields.js';
import { exportCreate } from '../trainer/export.create.js';
import { exportGet } from '../trainer/export.get.js';
import { exportFormat, exportType } from '../trainer/export.js';
import { route } from './route.js';
import { wantedModel } from './shapes.js';

export const exportObject = z
  .object({
    id: z.string(),
    object: z.literal('export'),
    created_at: z.int(),
    finished_at: z.int().nullable(),
    model: z.string(),
    format: exportFormat,
    type: exportType.nullable(),
    status: z.enum(['queued', 'running', 'succeeded', 'failed']),
    manifest: z.string().nullable(),
    files: z.array(z.object({ path: z.string(), bytes: z.int(), digest: z.string() })),
    /** Differences of log-probabilities to the trained model on a fixed probe, and the bound that they kept. */
    certificate: z
      .object({
        target: z.string(),
        max_difference: z.number(),
        mean_difference: z.number(),
        bound: z.object({ max: z.number(), mean: z.number() }),
        tokens: z.int(),
        probe_digest: z.string(),
        trained: z.string(),
        exported: z.string(),
      })
      .nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'Export' });
export type ExportObject = z.output<typeof exportObject>;

export const createExport = route({
  operationId: 'createExport',
  method: 'POST',
  path: '/v1/exports',
  summary:
    'Queues the export of a model: `peft` (the adapter), `safetensors` (merged) or `gguf` with a `type`. It succeeds only ' +
    'when the files, read back, answer as the trained model does.',
  body: z
    .strictObject({ model: wantedModel, format: exportFormat, type: exportType.nullish() })
    .refine(({ format, type }) => (format === 'gguf') === (type !== undefined && type !== null), {
      message: 'a type for gguf (f16, q8_0 or q4_0) and none for other formats',
      path: ['type'],
    }),
  reply: exportObject,
  errors: ['invalid_request', 'model_not_found'],
  calls: [exportCreate],
});

export const retrieveExport = route({
  operationId: 'retrieveExport',
  method: 'GET',
  path: '/v1/exports/{export_id}',
  summary: 'One export, with its files and certificate once it has succeeded.',
  params: z.strictObject({ export_id: id }),
  reply: exportObject,
  errors: ['not_found'],
  calls: [exportGet],
});

export const downloadExport = route({
  operationId: 'downloadExport',
  method: 'GET',
  path: '/v1/exports/{export_id}/files/{path}',
  summary: 'A file of an export; its digest is checked while it is read.',
  params: z.strictObject({ export_id: id, path: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/) }),
  reply: z.string().meta({ format: 'binary' }),
  replyKind: 'bytes',
  errors: ['not_found'],
  calls: [exportGet],
});
