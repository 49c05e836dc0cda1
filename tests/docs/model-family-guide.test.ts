// The guide shows a whole file and names others: it is held to the repository, so that it cannot tell of what is gone.
import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/guides/adding-a-model-family.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text as string);

describe('the guide to a model family', () => {
  it('names files that exist', () => {
    const files = [...page.matchAll(/`([\w./-]+\.(?:ts|py|json))`/g)].map(([, file]) => file as string);
    const paths = files.filter((file) => file.includes('/') && !file.startsWith('families/'));
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('shows a family as it stands', () => {
    expect(blocks('ts')).toEqual([readFileSync(join(root, 'libs/ml/models/src/families/mistral.ts'), 'utf8')]);
  });

  it('runs scripts that exist, for a family that the script makes', () => {
    const commands = blocks('sh').join('').trim().split('\n');
    for (const command of commands) expect(existsSync(join(root, command.split(' ')[1] as string))).toBe(true);
    const family = /--family (\S+)/.exec(commands.join(' '))?.[1];
    expect(readFileSync(join(root, 'tests/golden/families/make.py'), 'utf8')).toContain(`"${family}": (`);
    expect(existsSync(join(root, 'tests/golden/families', family as string))).toBe(true);
  });
});
