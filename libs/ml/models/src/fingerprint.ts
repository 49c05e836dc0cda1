import { closeSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DigestStream, digestOfBytes, isDecisive, modelFingerprint, type Digest } from '@hone/base';
import type { ModelSource } from './model.js';

/**
 * What an adapter was made for, by content: weights, config, tokenizer and template. It is the fingerprint that the registry
 * keeps for the base; names and folders may change, this may not.
 */
export function fingerprintOf(source: ModelSource): Digest {
  const paths = typeof source === 'string' ? readdirSync(source) : [...source.keys()];
  const files = paths.filter(isDecisive).map((path) => ({
    path,
    digest:
      typeof source === 'string' ? digestOfFile(join(source, path)) : digestOfBytes(source.get(path) as Uint8Array),
  }));
  return modelFingerprint(files);
}

/** Hashed piece by piece: a shard may be larger than the memory that is left. */
export function digestOfFile(path: string): Digest {
  const stream = new DigestStream();
  const piece = new Uint8Array(1 << 20);
  const file = openSync(path, 'r');
  try {
    for (let count = readSync(file, piece); count > 0; count = readSync(file, piece)) {
      stream.update(piece.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
  return stream.finish();
}
