import { Command } from 'commander';
import { addAb } from './commands/ab.js';
import { addAlias } from './commands/alias.js';
import { addData } from './commands/data.js';
import { addDemo } from './commands/demo.js';
import { addDoctor } from './commands/doctor.js';
import { addDown } from './commands/down.js';
import { addEval } from './commands/eval.js';
import { addFeedback } from './commands/feedback.js';
import { addJobs } from './commands/jobs.js';
import { addModel } from './commands/model.js';
import { addPlan } from './commands/plan.js';
import { addStatus } from './commands/status.js';
import { addTrace } from './commands/trace.js';
import { addTrain } from './commands/train.js';
import { addUp } from './commands/up.js';
import { commandTrace } from './trace/command-trace.js';

const groups = [
  [addUp, addDown, addStatus, addDoctor, addDemo],
  [addModel, addData, addPlan, addTrain, addJobs, addEval],
  [addAb, addFeedback, addAlias, addTrace],
].flat();

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
    .exitOverride()
    .hook('preAction', (_, command) => commandTrace.named(pathOf(command)));
  for (const add of groups) add(program);
  return program;
}

/** `hone data import` */
const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
