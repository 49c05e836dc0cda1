// The commands and the code of docs/guides/memory.md run as they stand, and the parts that it explains are those that are printed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/guides/memory.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({ language, text }));
const cli = join(root, 'clients/cli/dist/main.js');

const run = (args: string[]) =>
  spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });

describe('the guide to memory', () => {
  const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => (text as string).trim());

  it.each(commands)('%s', (command) => {
    const { status, stdout, stderr } = run([cli, ...command.replace(/^npx hone /, '').split(' ')]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('fits in');
  });

  it('explains every part of a plan', () => {
    const { stdout } = run([cli, ...(commands[0] as string).replace(/^npx hone /, '').split(' ')]);
    const named = [...page.matchAll(/^\| ([a-z ]+) \|/gm)].map(([, name]) => name as string);
    expect(named.filter((name) => name !== 'part' && !stdout.includes(name))).toEqual([]);
    expect(stdout).toMatch(/trainable params: [\d,]+ \|\| all params: [\d,]+ \|\| trainable%: [\d.]+/);
    expect(stdout).toContain('effective batch: 16 = ');
  });

  it('plans the same from code', () => {
    const example = blocks.find(({ language }) => language === 'js')?.text as string;
    expect(run(['--input-type=module', '-e', example]).stdout).toContain('activations');
  });
});
