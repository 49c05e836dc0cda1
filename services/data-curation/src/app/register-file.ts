import { refusal } from '@hone/base';
import type { FileEntry } from '@hone/contracts';
import type { CurationState } from './curation-state.js';

/** Gives uploaded bytes their id. The same id with the same bytes is the same file; with other bytes it is refused. */
export async function registerFile(state: CurationState, file: FileEntry): Promise<FileEntry> {
  if (file.bytes === 0) {
    throw refusal(
      'empty_file',
      `[file ${file.filename}] expected at least one row but received an empty file; fix: upload the rows`,
      {
        param: 'file',
      },
    );
  }
  if (!(await state.store.has(file.digest))) {
    throw refusal(
      'artifact_missing',
      `[file ${file.id}] expected the bytes of ${file.digest} in the object store but they are not there; fix: upload the file again`,
      {
        details: { digest: file.digest },
      },
    );
  }
  const { entry } = await state.files.ensure(file.id, file);
  if (entry.value.digest !== file.digest) {
    throw refusal(
      'file_exists',
      `[file ${file.id}] expected the bytes ${entry.value.digest} for this id but received ${file.digest}; fix: use a new id`,
      {
        status: 409,
      },
    );
  }
  return entry.value;
}
