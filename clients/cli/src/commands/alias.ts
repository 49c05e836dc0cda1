import type { Command } from 'commander';
import type { AliasObject } from '@hone/contracts';
import { ask } from '../api/connection.js';
import { lineageLines, type LineageNode } from '../demo/report.js';
import { give, show } from '../show/talk.js';
import { type CommonOptions, connected, withJson } from './command.js';

export function addAlias(program: Command): void {
  const alias = program.command('alias').description('names that move from model to model');
  withJson(alias.command('show <name>'))
    .description('what an alias stands for, and since when')
    .action(async (name: string, { json }: CommonOptions) => {
      const found = await ask<AliasObject>(connected(), 'GET', `/v1/aliases/${encodeURIComponent(name)}`);
      show(json === true, found, () => textOf(found));
    });
  withJson(alias.command('move <name> <model>'))
    .description('promote a model by hand, or roll back')
    .option('--reason <text>', 'why', 'moved by hand')
    .action(async (name: string, model: string, { reason, json }: CommonOptions & { reason: string }) => {
      const path = `/v1/aliases/${encodeURIComponent(name)}`;
      const moved = await ask<AliasObject>(connected(), 'POST', path, { model, reason });
      show(json === true, moved, () => textOf(moved));
    });
  withJson(program.command('lineage <model>'))
    .description('where a model or alias comes from: jobs, dataset versions, files, votes and verdicts')
    .action(async (model: string, { json }: CommonOptions) => {
      const path = `/v1/lineage/${encodeURIComponent(model)}`;
      const found = await ask<{ nodes: LineageNode[]; votes: string[] }>(connected(), 'GET', path);
      if (json === true) give(JSON.stringify(found));
      else for (const line of lineageLines(found.nodes, found.votes.length)) give(line);
    });
}

const textOf = ({ name, model, previous, reason }: AliasObject): string =>
  `${name} -> ${model}${previous === null ? '' : ` (before: ${previous})`}\n${reason}`;
