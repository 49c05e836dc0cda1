import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { EvaluationObject } from '@hone/contracts';
import { ask, type Connection } from '../api/connection.js';
import { CliError } from '../exit-codes.js';
import { endProgress, progress, shortInterval, show, table } from '../show/talk.js';
import { type CommonOptions, connected, withJson } from './command.js';
import { fileId } from './data.js';

interface EvalOptions extends CommonOptions {
  model: string;
  data: string;
  against?: string;
}

export function addEval(program: Command): void {
  withJson(program.command('eval'))
    .description('measure a model on held-out rows, perhaps against another')
    .requiredOption('--model <name>', 'the model or alias to measure')
    .requiredOption('--data <file>', 'a JSONL file of chat rows, or the id of an uploaded one')
    .option('--against <name>', 'the model to compare with')
    .action(async ({ model, data, against, json }: EvalOptions) => {
      const to = connected();
      const body = { model, file: await fileId(to, data), ...(against === undefined ? {} : { incumbent: against }) };
      const { id } = await ask<EvaluationObject>(to, 'POST', '/v1/evaluations', body);
      const done = await ended(to, id);
      show(json === true, done, () => textOf(done));
      if (done.status === 'failed')
        throw new CliError(`[eval] ${id} failed: ${done.error?.message ?? 'no reason given'}`);
    });
}

async function ended(to: Connection, id: string): Promise<EvaluationObject> {
  for (;;) {
    const evaluation = await ask<EvaluationObject>(to, 'GET', `/v1/evaluations/${id}`);
    progress(`${id} ${evaluation.status}`);
    if (evaluation.status === 'succeeded' || evaluation.status === 'failed') {
      endProgress();
      return evaluation;
    }
    await pause(300);
  }
}

function textOf({ results, verdict, reason }: EvaluationObject): string {
  const rows = results.map(({ model, perplexity, exact_match, rows: count }) => [
    model,
    shortInterval(perplexity),
    shortInterval(exact_match),
    count,
  ]);
  const made = table(['model', 'perplexity [95 %]', 'exact match [95 %]', 'rows'], rows);
  return verdict === null ? made : `${made}\n${verdict}: ${reason ?? ''}`;
}
