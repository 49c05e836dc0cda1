import { openAsBlob } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDecisive } from '@hone/base';
import type { ModelObject } from '@hone/contracts';
import { CliError, exitCodes } from '../exit-codes.js';
import { ask, type Connection } from './connection.js';

/** Files that decide nothing about the content but that a folder cannot be read without, or reads better with. */
const companions = new Set(['generation_config.json', 'model.safetensors.index.json']);

/** Sends the files of a model folder that decide what the model is; the bytes are read from disk while they are sent. */
export async function importFolder(to: Connection, folder: string, name: string): Promise<ModelObject> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new CliError(
      `[model import] expected a folder but ${folder} is none; fix: give the folder of a model`,
      exitCodes.usage,
    );
  const files = (await readdir(folder)).filter((file) => isDecisive(file) || companions.has(file)).sort();
  if (!files.includes('config.json'))
    throw new CliError(
      `[model import] expected config.json in ${folder}; fix: give a Hugging Face model folder`,
      exitCodes.usage,
    );
  const form = new FormData();
  form.append('name', name);
  for (const file of files) form.append('file', await openAsBlob(join(folder, file)), file);
  return ask<ModelObject>(to, 'POST', '/v1/models', form);
}
