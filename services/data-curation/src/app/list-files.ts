import type { fileList, InputOf, ReplyOf } from '@hone/contracts';
import { pageOf } from '../domain/page.js';
import type { CurationState } from './curation-state.js';

/** A page of the files that have not been deleted. */
export async function listFiles(
  state: CurationState,
  input: InputOf<typeof fileList>,
): Promise<ReplyOf<typeof fileList>> {
  const files = (await state.files.list()).map(({ value }) => value).filter((file) => !file.deleted);
  const wanted = input.purpose === undefined ? files : files.filter((file) => file.purpose === input.purpose);
  return pageOf(wanted, input);
}
