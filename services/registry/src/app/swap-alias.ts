import type { AliasEntry } from '@hone/contracts';
import { isConflict } from '@hone/mesh';
import type { RegistryState } from './registry-state.js';

const triesMax = 20;

/**
 * Replaces an alias by compare-and-set until no other writer came between; `next` decides anew on each try, and leaves the
 * alias alone by returning what it was given.
 */
export async function swapAlias<Next extends AliasEntry | undefined>(
  state: RegistryState,
  name: string,
  next: (current: AliasEntry | undefined) => Next,
): Promise<{ before: AliasEntry | undefined; after: Next }> {
  for (let tries = 1; ; tries++) {
    const entry = await state.aliases.get(name);
    const before = entry?.value;
    const after = next(before);
    if (after === undefined || after === before) return { before, after };
    try {
      await (entry ? state.aliases.update(entry, after) : state.aliases.create(name, after));
      return { before, after };
    } catch (thrown) {
      if (!isConflict(thrown) || tries === triesMax) throw thrown;
    }
  }
}
