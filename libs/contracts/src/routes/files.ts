import { z } from 'zod';
import { fileDelete } from '../curation/file.delete.js';
import { fileEntry } from '../curation/file.js';
import { fileGet } from '../curation/file.get.js';
import { fileList } from '../curation/file.list.js';
import { fileRegister } from '../curation/file.register.js';
import { id } from '../fields.js';
import { route } from './route.js';
import { after, pageLimit, pageWithEnds } from './shapes.js';

export const filePurpose = fileEntry.shape.purpose;

export const fileObject = z
  .object({
    id: z.string(),
    object: z.literal('file'),
    bytes: z.int(),
    created_at: z.int(),
    expires_at: z.int().nullable(),
    filename: z.string(),
    purpose: filePurpose,
    status: z.enum(['uploaded', 'processed', 'error']),
    status_details: z.string().nullable(),
  })
  .meta({ id: 'OpenAIFile' });
export type FileObject = z.output<typeof fileObject>;

const params = z.strictObject({ file_id: id });
const mebibyte = 1024 * 1024;

export const createFile = route({
  operationId: 'createFile',
  method: 'POST',
  path: '/v1/files',
  summary: 'Uploads a file: its bytes are streamed to the object store and named by their digest.',
  bodyKind: 'multipart',
  body: z.strictObject({
    file: z.string().meta({ format: 'binary', description: 'The bytes; an empty file is refused.' }),
    purpose: filePurpose,
  }),
  reply: fileObject,
  errors: ['invalid_request', 'too_large'],
  calls: [fileRegister],
  limits: { bodyBytesMax: 512 * mebibyte },
});

export const listFiles = route({
  operationId: 'listFiles',
  method: 'GET',
  path: '/v1/files',
  summary: 'A page of files, newest first.',
  query: z.strictObject({
    purpose: z.string().max(64).optional(),
    limit: pageLimit(100),
    order: z.enum(['asc', 'desc']).default('desc'),
    after,
  }),
  reply: pageWithEnds(fileObject),
  errors: ['invalid_request'],
  calls: [fileList],
});

export const retrieveFile = route({
  operationId: 'retrieveFile',
  method: 'GET',
  path: '/v1/files/{file_id}',
  summary: 'One file.',
  params,
  reply: fileObject,
  errors: ['not_found'],
  calls: [fileGet],
});

export const downloadFile = route({
  operationId: 'downloadFile',
  method: 'GET',
  path: '/v1/files/{file_id}/content',
  summary: "A file's bytes; their digest is checked while they are read.",
  params,
  reply: z.string().meta({ format: 'binary' }),
  replyKind: 'bytes',
  errors: ['not_found'],
  calls: [fileGet],
});

export const deleteFile = route({
  operationId: 'deleteFile',
  method: 'DELETE',
  path: '/v1/files/{file_id}',
  summary: 'Removes a file; dataset versions made from it stay.',
  params,
  reply: z
    .object({ id: z.string(), object: z.literal('file'), deleted: z.boolean() })
    .meta({ id: 'DeleteFileResponse' }),
  errors: ['not_found'],
  calls: [fileDelete],
});
