import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ModelObject } from '@hone/contracts';
import { ask } from '../api/connection.js';
import { importFolder } from '../api/import-folder.js';
import { show, table } from '../show/talk.js';
import { type CommonOptions, connected, withJson } from './command.js';

export function addModel(program: Command): void {
  const model = program.command('model').description('base models, adapters and aliases');
  withJson(model.command('import <place>'))
    .description('import a Hugging Face model folder (safetensors: plain, bitsandbytes, GPTQ or AWQ) or a GGUF file')
    .requiredOption('--name <name>', 'the name that clients ask for')
    .action(async (place: string, { name, json }: CommonOptions & { name: string }) => {
      const made = await importFolder(connected(), resolve(place), name);
      show(json === true, made, () => `${made.id}  ${made.hone.fingerprint ?? ''}`);
    });
  withJson(model.command('list'))
    .description('every model and alias')
    .action(async ({ json }: CommonOptions) => {
      const { data } = await ask<{ data: ModelObject[] }>(connected(), 'GET', '/v1/models');
      const rows = data.map(({ id, root, hone }) => [id, hone.kind, hone.state ?? '', root === id ? '' : root]);
      show(json === true, data, () => table(['name', 'kind', 'state', 'stands for'], rows));
    });
}
