import type { Command } from 'commander';
import { CliError, exitCodes } from '../exit-codes.js';
import { Home } from '../home.js';
import { give, show, table } from '../show/talk.js';
import { recentRoots, spansOf } from '../trace/spans.js';
import { durationText, waterfall } from '../trace/waterfall.js';
import { type CommonOptions, withJson } from './command.js';

const linesMax = 400;

export function addTrace(program: Command): void {
  const trace = program.command('trace').description('what happened, across every service');
  withJson(trace.command('show <id>'))
    .description('draw a trace as a waterfall from the local span store')
    .option('--all', `draw every span; otherwise the first ${linesMax}`)
    .action(async (id: string, { json, all }: CommonOptions & { all?: boolean }) => {
      const spans = await spansOf(new Home().traces, id);
      if (spans.length === 0) {
        const message = `[trace] expected spans of ${id} in ${new Home().traces} but found none; fix: see hone trace list`;
        throw new CliError(message, exitCodes.notFound);
      }
      if (json === true) return give(JSON.stringify(spans));
      const lines = waterfall(spans);
      for (const line of all === true ? lines : lines.slice(0, linesMax)) give(line);
      if (all !== true && lines.length > linesMax) give(`... ${lines.length - linesMax} more spans; --all draws them`);
      const services = new Set(spans.map(({ service }) => service));
      give(`${spans.length} spans of ${services.size} processes: ${[...services].sort().join(', ')}`);
    });
  withJson(trace.command('list'))
    .description('the newest traces')
    .option('--limit <number>', 'how many', '20')
    .action(async ({ json, limit }: CommonOptions & { limit: string }) => {
      const roots = await recentRoots(new Home().traces, Number(limit));
      const rows = roots.map(({ traceId, service, name, startMs, durationMs }) => [
        traceId,
        service,
        name,
        new Date(startMs).toISOString().slice(0, 19),
        durationText(durationMs),
      ]);
      show(json === true, roots, () => table(['trace', 'service', 'first span', 'at', 'took'], rows));
    });
}
