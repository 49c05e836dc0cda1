import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { down } from '../commands/down.js';
import { CliError } from '../exit-codes.js';
import { Home } from '../home.js';

/** The demo's own mesh: its state lies in HONE_HOME when that is set, else in a folder that is removed in the end. */
export interface DemoMesh {
  home: Home;
  isTemporary: boolean;
  stop(): Promise<void>;
}

export async function startMesh({ isBundled }: { isBundled: boolean }): Promise<DemoMesh> {
  const named = process.env['HONE_HOME'];
  const root = named || mkdtempSync(join(tmpdir(), 'hone-demo-'));
  process.env['HONE_HOME'] = root;
  const home = new Home(root);
  const stop = async (): Promise<void> => {
    await down(home);
    if (!named) rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const args = ['up', '--detach', '--json', '--port', '0', ...(isBundled ? [] : ['--no-bundled'])];
  const child = spawn(process.execPath, [join(import.meta.dirname, '../main.js'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: process.env,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code === 0) return { home, isTemporary: !named, stop };
  await stop();
  throw new CliError(said.trimEnd() || `[demo] hone up ended with code ${code}`, code ?? 1);
}
