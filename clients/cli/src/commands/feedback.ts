import { type Command, Option } from 'commander';
import { ask } from '../api/connection.js';
import { show } from '../show/talk.js';
import { type CommonOptions, connected, withJson } from './command.js';

interface GiveOptions extends CommonOptions {
  rating: 'up' | 'down';
  correction?: string;
  comment?: string;
  user?: string;
}

export function addFeedback(program: Command): void {
  const feedback = program.command('feedback').description('votes on answers');
  withJson(feedback.command('give <completion>'))
    .description('vote on a chat completion, named by its id (chatcmpl-...)')
    .addOption(new Option('--rating <rating>', 'the vote').choices(['up', 'down']).makeOptionMandatory())
    .option('--correction <text>', 'the answer that should have been given')
    .option('--comment <text>', 'what you thought of it')
    .option('--user <user>', 'who votes')
    .action(async (turn: string, { json, ...vote }: GiveOptions) => {
      const given = await ask<{ id: string }>(connected(), 'POST', '/v1/feedback', { turn, ...vote });
      show(json === true, given, () => given.id);
    });
}
