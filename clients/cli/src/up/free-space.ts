import { statfsSync } from 'node:fs';
import type { Home } from '../home.js';

const mebibyte = 1024 * 1024;
/** Below this, writes of the bus and of the services may fail at any moment. */
export const freeBytesLeast = 4 * mebibyte;
/** So much must be free before the bus is trusted again; the gap keeps the two from taking turns. */
export const freeBytesEnough = 8 * mebibyte;

/** The least free space of the file systems on which a mesh lies; nothing when they cannot be asked. */
export function freeBytesOf(home: Home): number | undefined {
  const found = [home.root, home.natsStore].flatMap((folder) => {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return [bavail * bsize];
    } catch {
      return [];
    }
  });
  return found.length === 0 ? undefined : Math.min(...found);
}

/** What to say when the disk is full; nothing while there is room. */
export function fullDiskText(home: Home, limit = freeBytesLeast): string | undefined {
  const free = freeBytesOf(home);
  if (free === undefined || free >= limit) return undefined;
  const wanted = `[disk] expected at least ${freeBytesEnough / mebibyte} MiB free for ${home.root} but found ${(free / mebibyte).toFixed(1)} MiB`;
  return `${wanted}; fix: free some space; the mesh then goes on by itself and loses nothing that it has acknowledged`;
}
