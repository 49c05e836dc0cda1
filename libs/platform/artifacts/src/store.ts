import { bug, canonicalJson, type Digest, DigestStream, fault, type HoneError, isDigest, refusal } from '@hone/base';
import type { z } from 'zod';
import type { Driver } from './driver.js';

export type Source = Uint8Array | string | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface Stored {
  digest: Digest;
  bytes: number;
}

export interface Listed extends Stored {
  writtenAt: number;
}

/** A manifest names everything else, so it is read whole; beyond this it has become data. */
export const manifestBytesMax = 16 * 1024 * 1024;

/** Immutable bytes by their sha256. What was put can be had again by its digest, and every read proves that it is the same. */
export class ArtifactStore {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** Where the bytes are, for messages and health reports. */
  get name(): string {
    return this.#driver.name;
  }

  /** Stores bytes or a stream with bounded memory; they are durable when this returns. */
  async put(source: Source): Promise<Stored> {
    const draft = await this.#driver.begin();
    const hash = new DigestStream();
    try {
      for await (const chunk of chunksOf(source)) {
        hash.update(chunk);
        await draft.write(chunk);
      }
      const digest = hash.finish();
      await draft.keep(keyOf(digest));
      return { digest, bytes: hash.bytes };
    } catch (thrown) {
      await draft.drop();
      throw thrown;
    }
  }

  /** The whole object in memory, verified before it is returned. */
  async get(digest: Digest): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.stream(digest)) chunks.push(chunk);
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  }

  /**
   * The object piece by piece. The last piece is given only when all of them were those of the digest, so that nobody ever holds
   * the whole of a damaged object; use nothing before the end.
   */
  async *stream(digest: Digest): AsyncGenerator<Uint8Array, void, void> {
    const opened = await this.#driver.open(keyOf(digest));
    if (!opened) throw this.#missing(digest);
    const hash = new DigestStream();
    let held: Uint8Array | undefined;
    for await (const chunk of opened.chunks) {
      hash.update(chunk);
      if (held) yield held;
      held = chunk;
    }
    const found = hash.finish();
    if (found !== digest) throw this.#corrupt(digest, found, hash.bytes);
    if (held) yield held;
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.#driver.stat(keyOf(digest))) !== undefined;
  }

  async bytesOf(digest: Digest): Promise<number> {
    const found = await this.#driver.stat(keyOf(digest));
    if (!found) throw this.#missing(digest);
    return found.bytes;
  }

  /** Stores a value as canonical JSON: equal values have equal digests. Write it after everything that it names. */
  async putManifest(value: unknown): Promise<Digest> {
    const text = canonicalJson(value);
    if (Buffer.byteLength(text) > manifestBytesMax) {
      throw refusal(
        'manifest_too_large',
        `[${this.name}] expected a manifest of at most ${manifestBytesMax} bytes but received ${Buffer.byteLength(text)}; fix: put lists into objects of their own`,
      );
    }
    return (await this.put(text)).digest;
  }

  /** Reads, verifies and checks a manifest against its schema. */
  async getManifest<S extends z.ZodType>(digest: Digest, schema: S): Promise<z.output<S>> {
    const bytes = await this.bytesOf(digest);
    if (bytes > manifestBytesMax)
      throw refusal(
        'manifest_too_large',
        `[${this.name}] expected a manifest for ${digest} but it has ${bytes} bytes; fix: use the digest of a manifest`,
      );
    const text = new TextDecoder().decode(await this.get(digest));
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw refusal(
        'not_a_manifest',
        `[${this.name}] expected JSON for ${digest} but received other bytes; fix: use the digest of a manifest`,
        { cause },
      );
    }
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const where = issue?.path.map(String).join('.') || 'its root';
    throw refusal(
      'not_a_manifest',
      `[${this.name}] expected another kind of manifest for ${digest}: ${issue?.message ?? 'it does not fit'} at ${where}; fix: use the digest of the right manifest`,
    );
  }

  async delete(digest: Digest): Promise<void> {
    await this.#driver.delete(keyOf(digest));
  }

  async *list(): AsyncGenerator<Listed> {
    for await (const { key, bytes, writtenAt } of this.#driver.list()) {
      const digest = `sha256:${key.replace('/', '')}`;
      if (isDigest(digest)) yield { digest, bytes, writtenAt };
    }
  }

  /** Removes what crashed writers left behind; for the garbage collector. */
  sweepDrafts(olderThanMs: number): Promise<number> {
    return this.#driver.sweepDrafts(olderThanMs);
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  #missing(digest: Digest): HoneError {
    return fault(
      'artifact_missing',
      `[${this.name}] expected the object ${digest} but it is not there; fix: put it again, or look whether it was collected`,
      { status: 404, details: { digest } },
    );
  }

  #corrupt(digest: Digest, found: Digest, bytes: number): HoneError {
    const message = `[${this.name}] expected the bytes of ${digest} but received ${bytes} bytes of ${found}; fix: restore the object from a copy, then look at the disk`;
    return fault('artifact_corrupt', message, { status: 500, details: { digest, found } });
  }
}

/** Two levels, so that a folder of the directory driver stays small. Keys come from digests, never from names. */
export function keyOf(digest: Digest): string {
  if (!isDigest(digest))
    throw bug('invalid_digest', '[artifacts] expected sha256:<64 hex digits> for the digest but received another text');
  const hex = digest.slice('sha256:'.length);
  return `${hex.slice(0, 2)}/${hex.slice(2)}`;
}

async function* chunksOf(source: Source): AsyncGenerator<Uint8Array> {
  if (typeof source === 'string') yield Buffer.from(source);
  else if (source instanceof Uint8Array) yield source;
  else yield* source;
}
