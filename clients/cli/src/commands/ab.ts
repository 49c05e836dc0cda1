import { type Command, InvalidArgumentError } from 'commander';
import type { ExperimentObject } from '@hone/contracts';
import { ask } from '../api/connection.js';
import { show, table } from '../show/talk.js';
import { type CommonOptions, connected, withJson } from './command.js';

interface Arm {
  name: string;
  model: string;
  weight: number;
}

export function addAb(program: Command): void {
  const ab = program.command('ab').description('A/B experiments on an alias');
  withJson(ab.command('create <name>'))
    .description('start an experiment; each user keeps an arm')
    .requiredOption('--alias <alias>', 'the alias whose requests take part')
    .requiredOption('--arm <name=model[@weight]>', 'an arm; two at least', armOf, [])
    .action(async (name: string, { alias, arm, json }: CommonOptions & { alias: string; arm: Arm[] }) => {
      const made = await ask<ExperimentObject>(connected(), 'POST', '/v1/experiments', { name, alias, arms: arm });
      show(json === true, made, () => textOf([made]));
    });
  withJson(ab.command('status [name]'))
    .description('one experiment, or all, with their votes')
    .action(async (name: string | undefined, { json }: CommonOptions) => {
      const to = connected();
      if (name !== undefined) {
        const one = await ask<ExperimentObject>(to, 'GET', `/v1/experiments/${encodeURIComponent(name)}`);
        return show(json === true, one, () => textOf([one]));
      }
      const { data } = await ask<{ data: ExperimentObject[] }>(to, 'GET', '/v1/experiments');
      show(json === true, data, () => textOf(data));
    });
  withJson(ab.command('conclude <name>'))
    .description('end an experiment; its alias answers with its own model again')
    .option('--reason <text>', 'why', 'concluded by hand')
    .action(async (name: string, { reason, json }: CommonOptions & { reason: string }) => {
      const path = `/v1/experiments/${encodeURIComponent(name)}/conclude`;
      const ended = await ask<ExperimentObject>(connected(), 'POST', path, { reason });
      show(json === true, ended, () => textOf([ended]));
    });
}

const textOf = (experiments: readonly ExperimentObject[]): string =>
  table(
    ['experiment', 'alias', 'status', 'arm', 'model', 'weight', 'up', 'down'],
    experiments.flatMap(({ name, alias, status, arms, votes }) =>
      arms.map((arm) => {
        const { up = 0, down = 0 } = votes[arm.name] ?? {};
        return [name, alias, status, arm.name, arm.model, arm.weight, up, down];
      }),
    ),
  );

/** Model names hold colons, so the weight comes after an @. */
function armOf(text: string, before: Arm[]): Arm[] {
  const match = /^([^=]+)=([^@]+)(?:@(\d+(?:\.\d+)?))?$/.exec(text);
  if (match === null) throw new InvalidArgumentError('name=model or name=model@weight');
  const [, name = '', model = '', weight = '1'] = match;
  return [...before, { name, model, weight: Number(weight) }];
}
