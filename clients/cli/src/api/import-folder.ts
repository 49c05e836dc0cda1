import { constants, openAsBlob } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isDecisive } from '@hone/base';
import type { ModelObject } from '@hone/contracts';
import { CliError, exitCodes } from '../exit-codes.js';
import { ask, type Connection } from './connection.js';

/** Files that decide nothing about the content but that a folder cannot be read without, or reads better with. */
const companions = new Set(['generation_config.json', 'model.safetensors.index.json']);

/** Sends a model: the files of its folder that decide what it is, or one GGUF file. Bytes are read from disk while they are sent. */
export async function importFolder(to: Connection, place: string, name: string): Promise<ModelObject> {
  const { folder, files } = await filesAt(place);
  const form = new FormData();
  form.append('name', name);
  for (const file of files) {
    await expectReadable(join(folder, file));
    form.append('file', await openAsBlob(join(folder, file)), file);
  }
  return ask<ModelObject>(to, 'POST', '/v1/models', form);
}

/** A pipe would never end, and a file that may not be read is refused by its name, before anything is sent. */
async function expectReadable(path: string): Promise<void> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) throw unreadable(`${path} to be a file`, 'give a folder of plain files');
  await access(path, constants.R_OK).catch(() => {
    throw unreadable(`to be allowed to read ${path}`, `chmod u+r ${path}`);
  });
}

const unreadable = (expected: string, fix: string) =>
  new CliError(`[model import] expected ${expected}; fix: ${fix}`, exitCodes.usage);

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => {
    throw unreadable(`to be allowed to read ${folder}`, `chmod u+rx ${folder}`);
  });
}

async function filesAt(place: string): Promise<{ folder: string; files: string[] }> {
  const found = await stat(place).catch(() => undefined);
  if (found?.isFile() && place.endsWith('.gguf')) return { folder: dirname(place), files: [basename(place)] };
  if (!found?.isDirectory())
    throw new CliError(
      `[model import] expected a folder or a .gguf file but ${place} is none; fix: give the place of a model`,
      exitCodes.usage,
    );
  const files = (await namesIn(place)).filter((file) => isDecisive(file) || companions.has(file)).sort();
  // Many publishers put GGUF files beside the safetensors that they were made from.
  const isSafetensors = files.some((file) => file.endsWith('.safetensors'));
  const wanted = isSafetensors ? files.filter((file) => !file.endsWith('.gguf')) : files;
  if (!wanted.includes('config.json') && !wanted.some((file) => file.endsWith('.gguf')))
    throw new CliError(
      `[model import] expected config.json or a .gguf file in ${place}; fix: give a Hugging Face model folder`,
      exitCodes.usage,
    );
  return { folder: place, files: wanted };
}
