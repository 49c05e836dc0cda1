import { type fileList, type InputOf, newestFirst, pageOf, type ReplyOf } from '@hone/contracts';
import type { CurationState } from './curation-state.js';

/** A page of the files that have not been deleted. */
export async function listFiles(
  state: CurationState,
  input: InputOf<typeof fileList>,
): Promise<ReplyOf<typeof fileList>> {
  const files = (await state.files.list()).map(({ value }) => value).filter((file) => !file.deleted);
  const wanted = input.purpose === undefined ? files : files.filter((file) => file.purpose === input.purpose);
  const newest = newestFirst(wanted);
  return pageOf(input.order === 'asc' ? newest.reverse() : newest, input);
}
