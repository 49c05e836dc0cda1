import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { repositoryRoot } from './repository-root.js';

/** The folder of real data sets: HONE_DATA_DIR, or `../shared/data` beside the checkout. */
export const dataDirectory = (): string => resolve(repositoryRoot, process.env['HONE_DATA_DIR'] ?? '../shared/data');

/** The path of a file or folder of the real data, or nothing where it is absent. */
export function referenceData(...steps: string[]): string | undefined {
  const path = join(dataDirectory(), ...steps);
  return existsSync(path) ? path : undefined;
}

/** The names that lie in a folder of the real data: tests take what is there, never a fixed list. */
export function referenceNames(...steps: string[]): string[] {
  const path = referenceData(...steps);
  return path === undefined ? [] : readdirSync(path).sort();
}

interface Describe {
  (name: string, suite: () => void): void;
  skip(name: string, suite: () => void): void;
}

/** Runs a suite on real data, or shows it as skipped, with the reason in its name, where the data is absent. */
export function describeWithData(
  describe: Describe,
  name: string,
  steps: string[],
  suite: (path: string) => void,
): void {
  const path = referenceData(...steps);
  if (path !== undefined) describe(name, () => suite(path));
  else describe.skip(`${name} (skipped: ${join(...steps)} is not under HONE_DATA_DIR)`, () => suite(''));
}
