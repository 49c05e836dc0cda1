import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
// @ts-expect-error the table is plain JavaScript, because the build itself reads it
import { packages as table, root } from '../../tools/workspace.mjs';

const packages = table as Record<string, { path: string; mayImport: string[] }>;

/** Goal: the import law holds for every line of production code. Method: read each source's import specifiers as text. */
function sourcesOf(path: string): string[] {
  return readdirSync(join(root, path, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.test.ts'))
    .map((file) => join(root, path, 'src', file));
}

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import|import\()\s*['"]([^'"]+)['"]/g)].map(
    (match) => match[1] as string,
  );

describe.each(Object.entries(packages))('%s', (name, { path, mayImport }) => {
  const imports = sourcesOf(path).flatMap((file) =>
    importsOf(file).map((specifier) => ({ file: relative(root, file), specifier })),
  );

  it('imports no package of Hone that the law does not allow', () => {
    const broken = imports.filter(({ specifier }) => {
      const other = /^@hone\/([^/]+)/.exec(specifier)?.[1];
      return other !== undefined && other !== name && !mayImport.includes(other);
    });
    expect(broken).toEqual([]);
  });

  it('reaches no file of another package by a relative path', () => {
    const inside = join(root, path);
    const broken = imports.filter(
      ({ file, specifier }) => specifier.startsWith('.') && !resolve(root, dirname(file), specifier).startsWith(inside),
    );
    expect(broken).toEqual([]);
  });

  it('lets only @hone/native load the addon', () => {
    const loads = sourcesOf(path).filter((file) => /\.node['"`]/.test(readFileSync(file, 'utf8')));
    if (name !== 'native') expect(loads.map((file) => relative(root, file))).toEqual([]);
  });
});

it('the law has no cycle', () => {
  const visit = (name: string, seen: string[]): void => {
    expect(seen).not.toContain(name);
    for (const other of packages[name]?.mayImport ?? []) visit(other, [...seen, name]);
  };
  for (const name of Object.keys(packages)) visit(name, []);
});

it('no service may import another, and only trainer and serving may reach the native library', () => {
  const services = Object.keys(packages).filter((name) => packages[name]?.path.startsWith('services/'));
  for (const name of services) {
    const allowed = packages[name]?.mayImport ?? [];
    expect(allowed.filter((other) => services.includes(other))).toEqual([]);
    expect([name, allowed.includes('native')]).toEqual([name, name === 'trainer' || name === 'serving']);
  }
});
