import { refusal } from '@hone/base';
import type { Multipart } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';

/** The parts of a multipart body in the order of the wire; a file part must be read before the next part is asked for. */
export async function* partsOf(
  request: FastifyRequest,
  { fileBytesMax, filesMax }: { fileBytesMax: number; filesMax: number },
): AsyncGenerator<Multipart, void, void> {
  if (!request.isMultipart()) {
    const message = `Expected a multipart/form-data body but received ${request.headers['content-type'] ?? 'no content type'}.`;
    throw refusal('invalid_request', message, { param: 'content-type' });
  }
  const limits = { fileSize: fileBytesMax, files: filesMax, fields: 16, fieldSize: 4096, fieldNameSize: 128 };
  // Paths are kept, since a model folder's files are told apart by them.
  const parts = request.parts({ limits, preservePath: true });
  try {
    yield* parts;
  } finally {
    // After a refusal the rest is read and dropped: otherwise the connection stands still, and with it the client's next request.
    request.raw.unpipe();
    request.raw.resume();
  }
}
