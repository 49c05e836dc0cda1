import type { FileEntry, FileObject } from '@hone/contracts';

/** An uploaded file as OpenAI shows it. Files are checked by the job that uses them, so an upload is `processed` at once. */
export const fileObjectOf = (entry: FileEntry): FileObject => ({
  id: entry.id,
  object: 'file',
  bytes: entry.bytes,
  created_at: entry.createdAt,
  expires_at: entry.expiresAt ?? null,
  filename: entry.filename,
  purpose: entry.purpose,
  status: 'processed',
  status_details: null,
});
