import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fault } from '@hone/base';

const patience = { pollMs: 20, waitMs: 600_000 };

/** Where the processes of one run tell each other what only one of them decides: small files in a folder that all of them see. */
export class Meeting {
  readonly #folder: string;
  readonly #isFirst: boolean;

  constructor(folder: string, isFirst: boolean) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#isFirst = isFirst;
  }

  /** What the first process makes, for all; plain data. A process that waits ten minutes for it fails. */
  async agree<T>(name: string, make: () => T): Promise<T> {
    const path = join(this.#folder, `${name}.json`);
    if (this.#isFirst) {
      const made = make();
      writeFileSync(`${path}.new`, JSON.stringify(made));
      renameSync(`${path}.new`, path);
      return made;
    }
    for (let waited = 0; waited < patience.waitMs; waited += patience.pollMs) {
      if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as T;
      await setTimeout(patience.pollMs);
    }
    throw fault(
      'group_not_met',
      `[trainer] expected the first process of the run to tell its ${name} within ten minutes`,
    );
  }
}

const cancellation = (folder: string): string => join(folder, 'cancel');

export function cancelMeeting(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(cancellation(folder), '');
}

export const isMeetingCancelled = (folder: string): boolean => existsSync(cancellation(folder));
