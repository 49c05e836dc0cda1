// Goal: every block of the README runs as it stands, in order, on a mesh of its own. Method: the blocks are cut out of the page;
// those that run the demo and the tests themselves are held to the scripts that other tests and the CI run.
import { afterAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const home = mkdtempSync(join(tmpdir(), 'hone-readme-'));
const page = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
  language: language as string,
  text: text as string,
}));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

const env = { ...process.env, HONE_HOME: home, HONE_PORT: '0', NO_COLOR: '1' };
const commands: Record<string, string[]> = { sh: ['sh', '-euc'], js: [process.execPath, '--input-type=module', '-e'] };

function run(language: string, text: string): { status: number | null; output: string } {
  const [command, ...args] = commands[language] as [string, ...string[]];
  const { status, stdout, stderr } = spawnSync(command, [...args, text], {
    cwd: root,
    env,
    encoding: 'utf8',
    timeout: 600_000,
  });
  return { status, output: stdout + stderr };
}

afterAll(() => {
  run('sh', 'npx hone down || true');
  rmSync(home, { recursive: true, force: true });
});

describe('the README', () => {
  it('opens with two commands that exist', () => {
    const first = blocks.find(({ language }) => language === 'sh')?.text ?? '';
    const names = [...first.matchAll(/^npm (?:run )?([\w:]+)/gm)].map(([, name]) => name as string);
    expect(names).toEqual(['demo', 'test']);
    for (const name of names) expect(scripts[name]).toContain('tools/with-node.sh');
  });

  it('has only blocks that a test runs or a page draws', () => {
    expect([...new Set(blocks.map(({ language }) => language))].sort()).toEqual(['js', 'mermaid', 'sh']);
  });

  const runnable = blocks.filter(({ language }) => language in commands).slice(1);
  it.each(runnable.map(({ language, text }) => [text.trim().split('\n').at(-1) as string, language, text]))(
    'runs the block that ends with "%s"',
    (_last, language, text) => {
      const { status, output } = run(language, text);
      expect([status, output]).toEqual([0, expect.anything()]);
    },
    600_000,
  );
});
