import { createHash } from 'node:crypto';
import { refusal } from '@hone/base';
import { countOnes, datasetOf, type TokenDataset, type TokenSequence } from './token-dataset.js';

/*
 * A shard, little-endian throughout:
 *
 *   0   8  magic "HONESHRD"
 *   8   4  version, 1
 *  12   4  number of sequences
 *  16   8  number of tokens
 *  24   8  number of tokens that are learnt
 *  32  32  sha256 of bytes 0 to 31 and of everything from byte 64 on
 *  64      u32 length per sequence, u32 per token, u8 per token (1 learnt, 0 read)
 */
const magic = 'HONESHRD';
const version = 1;
const headerBytes = 64;

export interface ShardStats {
  sequences: number;
  tokens: number;
  trainableTokens: number;
}

/** How large a shard may grow: 4 Mi tokens are 20 MiB, which is one comfortable object. */
export const shardTokensMax = 4 * 1024 * 1024;

/** Collects sequences and writes them as the bytes of one shard. */
export class ShardWriter {
  readonly #sequences: TokenSequence[] = [];
  #tokens = 0;
  #trainable = 0;

  get stats(): ShardStats {
    return { sequences: this.#sequences.length, tokens: this.#tokens, trainableTokens: this.#trainable };
  }

  /** True when this sequence would make the shard larger than it may be. */
  isFullFor(sequence: TokenSequence): boolean {
    return this.#tokens > 0 && this.#tokens + sequence.ids.length > shardTokensMax;
  }

  add(sequence: TokenSequence): void {
    const { ids, mask } = sequence;
    if (ids.length === 0 || ids.length !== mask.length)
      throw new RangeError(
        `[shard] expected as many mask values as tokens and at least one but received ${ids.length} and ${mask.length}`,
      );
    this.#sequences.push(sequence);
    this.#tokens += ids.length;
    this.#trainable += countOnes(mask);
  }

  bytes(): Uint8Array {
    const { sequences, tokens, trainableTokens } = this.stats;
    const bytes = new Uint8Array(headerBytes + 4 * sequences + 5 * tokens);
    const view = new DataView(bytes.buffer);
    bytes.set(new TextEncoder().encode(magic));
    view.setUint32(8, version, true);
    view.setUint32(12, sequences, true);
    view.setBigUint64(16, BigInt(tokens), true);
    view.setBigUint64(24, BigInt(trainableTokens), true);
    let idAt = headerBytes + 4 * sequences;
    let maskAt = idAt + 4 * tokens;
    this.#sequences.forEach(({ ids, mask }, index) => {
      view.setUint32(headerBytes + 4 * index, ids.length, true);
      for (const id of ids) {
        view.setInt32(idAt, id, true);
        idAt += 4;
      }
      bytes.set(mask, maskAt);
      maskAt += mask.length;
    });
    bytes.set(payloadDigest(bytes), 32);
    return bytes;
  }
}

/** Reads a shard. Every count is checked against the bytes that are there before anything is allocated. */
export function readShard(bytes: Uint8Array): TokenDataset {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { sequences, tokens, trainableTokens } = readHeader(bytes, view);
  const lengths = Array.from({ length: sequences }, (_, index) => view.getUint32(headerBytes + 4 * index, true));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total !== tokens || lengths.includes(0))
    throw invalid(
      `sequences of 1 or more tokens that add up to ${tokens}`,
      `${total} tokens in ${sequences} sequences`,
    );
  const idsAt = headerBytes + 4 * sequences;
  const ids = Int32Array.from({ length: tokens }, (_, index) => view.getInt32(idsAt + 4 * index, true));
  if (ids.some((id) => id < 0)) throw invalid('token ids below 2^31', 'larger ones');
  const mask = bytes.slice(idsAt + 4 * tokens);
  if (mask.some((value) => value > 1)) throw invalid('mask values 0 and 1', 'others');
  if (countOnes(mask) !== trainableTokens) throw invalid(`${trainableTokens} learnt tokens`, `${countOnes(mask)}`);
  let at = 0;
  return datasetOf(
    lengths.map((length) => {
      const range = [at, at + length] as const;
      at += length;
      return { ids: ids.subarray(...range), mask: mask.subarray(...range) };
    }),
  );
}

function readHeader(bytes: Uint8Array, view: DataView): ShardStats {
  if (bytes.length < headerBytes) throw invalid(`at least ${headerBytes} bytes`, `${bytes.length}`);
  const name = new TextDecoder('latin1').decode(bytes.subarray(0, magic.length));
  if (name !== magic) throw invalid(`the magic ${magic}`, JSON.stringify(name));
  if (view.getUint32(8, true) !== version) throw invalid(`version ${version}`, `${view.getUint32(8, true)}`);
  const sequences = view.getUint32(12, true);
  const [tokens, trainable] = [view.getBigUint64(16, true), view.getBigUint64(24, true)];
  const expected = BigInt(headerBytes) + 4n * BigInt(sequences) + 5n * tokens;
  if (expected !== BigInt(bytes.length)) throw invalid(`${expected} bytes by its header`, `${bytes.length}`);
  if (trainable > tokens) throw invalid(`at most ${tokens} learnt tokens`, `${trainable}`);
  if (Buffer.compare(payloadDigest(bytes), bytes.subarray(32, headerBytes)) !== 0)
    throw invalid('the content that its digest names', 'other bytes');
  return { sequences, tokens: Number(tokens), trainableTokens: Number(trainable) };
}

/** Covers the counts as well, so that no header can be swapped for another. */
const payloadDigest = (bytes: Uint8Array): Uint8Array =>
  createHash('sha256').update(bytes.subarray(0, 32)).update(bytes.subarray(headerBytes)).digest();

const invalid = (expected: string, received: string): Error =>
  refusal('shard_invalid', `[shard] expected ${expected} but received ${received}; fix: build the shards again`);
