import { fileDelete, fileGet, fileList, fileRegister, type InputOf, type ReplyOf } from '@hone/contracts';
import { Rpc } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import { CurationState } from '../app/curation-state.js';
import { deleteFile } from '../app/delete-file.js';
import { getFile } from '../app/get-file.js';
import { listFiles } from '../app/list-files.js';
import { registerFile } from '../app/register-file.js';

@Controller()
export class FileController {
  constructor(private readonly state: CurationState) {}

  @Rpc(fileRegister)
  register(file: InputOf<typeof fileRegister>): Promise<ReplyOf<typeof fileRegister>> {
    return registerFile(this.state, file);
  }

  @Rpc(fileGet)
  get({ id }: InputOf<typeof fileGet>): Promise<ReplyOf<typeof fileGet>> {
    return getFile(this.state, id);
  }

  @Rpc(fileList)
  list(input: InputOf<typeof fileList>): Promise<ReplyOf<typeof fileList>> {
    return listFiles(this.state, input);
  }

  @Rpc(fileDelete)
  delete({ id }: InputOf<typeof fileDelete>): Promise<ReplyOf<typeof fileDelete>> {
    return deleteFile(this.state, id);
  }
}
