import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from '@jest/globals';

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Real data that may not be committed: HONE_DATA_DIR, by default beside the checkout. */
export const dataRoot = resolve(process.env['HONE_DATA_DIR'] ?? join(repository, '../shared/data'));

export const readJsonFile = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T;

/** A suite over one folder of the data; where it is absent the suite is there and says that it was skipped. */
export function describeData(name: string, folder: string, suite: (path: string) => void): void {
  const path = join(dataRoot, folder);
  if (existsSync(path)) describe(name, () => suite(path));
  else describe(name, () => it.skip(`needs ${folder} under HONE_DATA_DIR (${dataRoot})`, () => undefined));
}

/** Every folder with a model in hf/ and recorded traces in reference/. */
export function describeReferenceModels(suite: (model: string, reference: string) => void): void {
  const folders = existsSync(dataRoot)
    ? readdirSync(dataRoot).filter((name) =>
        ['hf', 'reference'].every((part) => existsSync(join(dataRoot, name, part))),
      )
    : [];
  if (folders.length === 0) {
    it.skip(`needs a folder with hf/ and reference/ under HONE_DATA_DIR (${dataRoot})`, () => undefined);
  }
  for (const name of folders) {
    describe(name, () => suite(join(dataRoot, name, 'hf'), join(dataRoot, name, 'reference')));
  }
}
