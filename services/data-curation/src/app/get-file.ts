import { refusal } from '@hone/base';
import type { FileEntry } from '@hone/contracts';
import type { CurationState } from './curation-state.js';

/** A file that exists and has not been deleted. */
export async function getFile(state: CurationState, id: string): Promise<FileEntry> {
  const entry = await state.files.get(id);
  if (entry && !entry.value.deleted) return entry.value;
  const received = entry ? 'one that was deleted' : `"${id}"`;
  throw refusal(
    'file_not_found',
    `[file] expected a known file but received ${received}; fix: upload it, or list the files`,
    {
      status: 404,
      param: 'file',
    },
  );
}
