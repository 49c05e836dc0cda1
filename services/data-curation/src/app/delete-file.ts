import type { fileDelete, ReplyOf } from '@hone/contracts';
import type { CurationState } from './curation-state.js';
import { getFile } from './get-file.js';

/** Takes the name away; the bytes stay as long as a dataset version names them. */
export async function deleteFile(state: CurationState, id: string): Promise<ReplyOf<typeof fileDelete>> {
  await getFile(state, id);
  await state.files.change(id, (file) => ({ ...file, deleted: true }));
  return { id, deleted: true };
}
