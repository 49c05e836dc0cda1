// Goal: the guide's tables say what the code does.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ggmlLayouts } from '@hone/base';
import { parityBounds } from '@hone/models';

const page = readFileSync(new URL('../../docs/guides/weight-formats.md', import.meta.url), 'utf8');

describe('the guide to weight formats', () => {
  it('names every GGUF type that is read', () => {
    const row = /^\| GGUF 2 and 3 \| ([^|;]*);/m.exec(page)?.[1] ?? '';
    expect(row.split(', ').sort()).toEqual(Object.keys(ggmlLayouts).sort());
  });

  it('states the bound and the reason of every export', () => {
    const rows = [...page.matchAll(/^\| `([a-z0-9_-]+)` \| ([\d.e-]+) \| ([\d.e-]+) \| (.*) \|$/gm)];
    const stated = Object.fromEntries(
      rows.map(([, target, max, mean, reason]) => [target, { max: Number(max), mean: Number(mean), reason }]),
    );
    expect(stated).toEqual(parityBounds);
  });
});
