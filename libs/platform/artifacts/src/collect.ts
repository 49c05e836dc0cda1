import type { Digest } from '@hone/base';
import { digestPattern } from '@hone/base';
import { type ArtifactStore, manifestBytesMax } from './store.js';

export interface Collection {
  kept: number;
  deleted: { digest: Digest; bytes: number }[];
  bytesFreed: number;
  drafts: number;
}

/**
 * Deletes what no root reaches. Objects younger than the grace time stay, because their manifest may not be written yet; a
 * put of bytes that exist refreshes their time. Never part of a write; `isDryRun` only reports.
 */
export async function collect(
  store: ArtifactStore,
  {
    roots,
    graceMs,
    isDryRun,
    now = Date.now(),
  }: { roots: Iterable<Digest>; graceMs: number; isDryRun: boolean; now?: number },
): Promise<Collection> {
  const live = await reachable(store, roots);
  const result: Collection = { kept: 0, deleted: [], bytesFreed: 0, drafts: 0 };
  for await (const { digest, bytes, writtenAt } of store.list()) {
    if (live.has(digest) || now - writtenAt < graceMs) {
      result.kept++;
      continue;
    }
    if (!isDryRun) await store.delete(digest);
    result.deleted.push({ digest, bytes });
    result.bytesFreed += bytes;
  }
  if (!isDryRun) result.drafts = await store.sweepDrafts(graceMs);
  return result;
}

/** The roots and everything that their manifests name, manifests of manifests included. */
export async function reachable(store: ArtifactStore, roots: Iterable<Digest>): Promise<Set<Digest>> {
  const live = new Set<Digest>();
  const waiting = [...roots];
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    if (live.has(digest)) continue;
    live.add(digest);
    if (!(await store.has(digest)) || (await store.bytesOf(digest)) > manifestBytesMax) continue;
    for (const named of digestsIn(await store.get(digest))) waiting.push(named);
  }
  return live;
}

const brace = 0x7b;

/** The digests in a manifest's values; other bytes name nothing. */
function digestsIn(bytes: Uint8Array): Set<Digest> {
  const found = new Set<Digest>();
  if (bytes[0] !== brace) return found;
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), (_key, value: unknown) => {
      if (typeof value === 'string' && digestPattern.test(value)) found.add(value as Digest);
      return value;
    });
  } catch {
    return new Set();
  }
  return found;
}
