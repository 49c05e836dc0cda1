import { createReadStream, existsSync } from 'node:fs';
import type { Command } from 'commander';
import type OpenAI from 'openai';
import { type Connection, openai } from '../api/connection.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { show, table } from '../show/talk.js';
import { type CommonOptions, connected, withJson } from './command.js';

export function addData(program: Command): void {
  const data = program.command('data').description('files of training and evaluation rows');
  withJson(data.command('import <file>'))
    .description('upload a JSONL file of chat rows; prints its id')
    .option('--purpose <purpose>', 'fine-tune or evals', 'fine-tune')
    .action(async (file: string, { json, purpose }: CommonOptions & { purpose: string }) => {
      const made = await upload(connected(), file, purpose);
      show(json === true, made, () => made.id);
    });
  withJson(data.command('list'))
    .description('uploaded files, newest first')
    .action(async ({ json }: CommonOptions) => {
      const files = (await openai(connected()).files.list({ limit: 100 })).data;
      const rows = files.map(({ id, filename, bytes, purpose }) => [id, filename, bytes, purpose]);
      show(json === true, files, () => table(['id', 'file', 'bytes', 'purpose'], rows));
    });
}

export function upload(to: Connection, file: string, purpose = 'fine-tune'): Promise<OpenAI.Files.FileObject> {
  if (!existsSync(file))
    throw new CliError(`[data] expected a file but ${file} does not exist; fix: correct the path`, exitCodes.usage);
  return openai(to).files.create({ file: createReadStream(file), purpose: purpose as 'fine-tune' });
}

/** The id of a file that was uploaded before, or of a local file that is uploaded now. */
export const fileId = async (to: Connection, file: string): Promise<string> =>
  /^file-[0-9a-z]+$/.test(file) && !existsSync(file) ? file : (await upload(to, file)).id;
