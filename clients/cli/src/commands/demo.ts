import type { Command } from 'commander';
import { startMesh } from '../demo/mesh.js';
import { reportJson, reportText } from '../demo/report.js';
import { runDemo } from '../demo/run-demo.js';
import { exitCodes } from '../exit-codes.js';
import { Home } from '../home.js';
import { bold, endProgress, give, say } from '../show/talk.js';
import { readState } from '../up/state.js';
import { type CommonOptions, withJson } from './command.js';

interface DemoOptions extends CommonOptions {
  keep?: boolean;
  model?: string;
}

export function addDemo(program: Command): void {
  withJson(program.command('demo'))
    .description('the whole circle on this machine: rows, adapter, votes, better adapter')
    .option('--keep', 'leave the mesh running and print how to use it')
    .option('--model <folder>', 'a base model to use instead of the bundled hone-tiny')
    .action(demo);
}

async function demo({ json, keep, model }: DemoOptions): Promise<void> {
  const startedAt = performance.now();
  say('Hone demo: from a file of conversations to a better adapter; about three minutes');
  const mesh = await startMesh({ isBundled: model === undefined });
  const interrupted = (): void => {
    endProgress();
    void mesh.stop().finally(() => process.exit(exitCodes.interrupted));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  let isDone = false;
  try {
    const facts = await runDemo(mesh.home, model, startedAt);
    isDone = true;
    endProgress();
    if (json !== true) reportText(facts);
    if (keep) sayKept(mesh.home.root, facts.traceId);
    else await mesh.stop();
    if (json === true) give(JSON.stringify(reportJson(facts)));
  } finally {
    endProgress();
    if (!isDone && keep) sayKept(mesh.home.root, undefined);
    else if (!isDone) await mesh.stop();
  }
}

function sayKept(root: string, traceId: string | undefined): void {
  const url = readState(new Home(root))?.url ?? '';
  say(bold('the mesh stays up; use it with'));
  say(`  export HONE_HOME=${root}`);
  say(`  export OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=$(cat ${root}/api-key)`);
  if (traceId !== undefined) say(`  npx hone trace show ${traceId}`);
  say('  npx hone status        npx hone down');
}
