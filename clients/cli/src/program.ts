import { Command } from 'commander';
import { addDemo } from './commands/demo.js';
import { addDown } from './commands/down.js';
import { addStatus } from './commands/status.js';
import { addUp } from './commands/up.js';

export function makeProgram(): Command {
  const program = new Command('hone')
    .description('Hone turns what people do with a language model into a better model, on their own machines.')
    .version('0.1.0')
    .showHelpAfterError('(add --help for the options)')
    .showSuggestionAfterError(true)
    .addHelpText(
      'after',
      '\nHONE_HOME is the folder where everything lies (default: .hone in the checkout).\n' +
        'Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 conflict, 5 unavailable, 130 interrupted.',
    )
    .exitOverride();
  for (const add of [addUp, addDown, addStatus, addDemo]) add(program);
  return program;
}
