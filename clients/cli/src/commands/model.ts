import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { ExportObject, ModelObject } from '@hone/contracts';
import { ask } from '../api/connection.js';
import { exportModel } from '../api/export-model.js';
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
  withJson(model.command('export <name>'))
    .description('write a model or adapter as files, with a certificate that they answer as it does')
    .requiredOption('--output <folder>', 'a folder that is not there yet')
    .addOption(new Option('--format <format>').choices(['safetensors', 'peft', 'gguf']).default('safetensors'))
    .addOption(new Option('--type <type>', 'of a GGUF file').choices(['f16', 'q8_0', 'q4_0']))
    .action(async (name: string, { output, format, type, json }: CommonOptions & ExportOptions) => {
      const wish = { model: name, format, type: format === 'gguf' ? (type ?? 'f16') : type };
      const made = await exportModel(connected(), wish, resolve(output));
      show(json === true, made, () => certificateText(made, resolve(output)));
    });
  withJson(model.command('list'))
    .description('every model and alias')
    .action(async ({ json }: CommonOptions) => {
      const { data } = await ask<{ data: ModelObject[] }>(connected(), 'GET', '/v1/models');
      const rows = data.map(({ id, root, hone }) => [id, hone.kind, hone.state ?? '', root === id ? '' : root]);
      show(json === true, data, () => table(['name', 'kind', 'state', 'stands for'], rows));
    });
}

interface ExportOptions {
  output: string;
  format: string;
  type?: string;
}

function certificateText({ certificate, files }: ExportObject, output: string): string {
  const written = `${files.map(({ path }) => path).join(', ')}  in ${output}`;
  if (!certificate) return written;
  const { target, max_difference: max, mean_difference: mean, bound, tokens } = certificate;
  return `${written}\n${target}: log-probabilities of ${tokens} tokens differ by at most ${max.toPrecision(3)} (bound ${bound.max}), on average by ${mean.toPrecision(3)} (bound ${bound.mean})`;
}
