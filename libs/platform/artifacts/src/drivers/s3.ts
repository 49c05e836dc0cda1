import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { Draft, Driver, Opened, Stat } from '../driver.js';
import { named } from '../failure.js';

export interface S3Settings {
  bucket: string;
  /** Before every key, without slashes at its ends; several houses can share a bucket. */
  prefix?: string;
  /** Absent: Amazon's own. */
  endpoint?: string;
  region?: string;
  /** Absent: the SDK's usual places (environment, profile, instance). */
  accessKeyId?: string;
  secretAccessKey?: string;
}

/** Drafts up to this size stay in memory; larger ones wait in a temporary file. */
const spoolBytesMax = 8 * 1024 * 1024;
/** An object younger than this is not uploaded again only to refresh its time. */
const freshMs = 3600 * 1000;

/**
 * Objects in MinIO or any S3 store. The digest is the key, and it is known only after the last byte, so a draft is spooled
 * here and uploaded when it is complete; large ones in parts.
 */
export class S3Driver implements Driver {
  readonly name: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor({ bucket, prefix, endpoint, region = 'us-east-1', accessKeyId, secretAccessKey }: S3Settings) {
    this.name = `s3 ${endpoint ?? 'amazonaws.com'}/${bucket}`;
    this.#bucket = bucket;
    this.#prefix = prefix ? `${prefix}/objects/` : 'objects/';
    this.#client = new S3Client({
      region,
      maxAttempts: 5,
      // Several S3 servers refuse the SDK's default checksum trailers; Hone's own sha256 is the check.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
      ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
    });
  }

  /** Makes the bucket where it is missing, as on a first start. */
  async ensureBucket(): Promise<void> {
    const Bucket = this.#bucket;
    await named(this.name, 'looking for the bucket', async () => {
      if ((await unlessMissing(this.#client.send(new HeadBucketCommand({ Bucket })))) === undefined) {
        await this.#client.send(new CreateBucketCommand({ Bucket }));
      }
    });
  }

  async begin(): Promise<Draft> {
    const spool = new Spool();
    return {
      write: (chunk) => named(this.name, 'spooling a draft', () => spool.write(chunk)),
      keep: (key) => named(this.name, `keeping ${key}`, () => this.#keep(spool, key)).finally(() => spool.drop()),
      drop: () => spool.drop(),
    };
  }

  async #keep(spool: Spool, key: string): Promise<void> {
    const present = await this.stat(key);
    if (present?.bytes === spool.bytes && Date.now() - present.writtenAt < freshMs) return;
    const params = {
      Bucket: this.#bucket,
      Key: this.#key(key),
      Body: await spool.body(),
      ContentType: 'application/octet-stream',
    };
    await new Upload({ client: this.#client, params, queueSize: 4, partSize: 16 * 1024 * 1024 }).done();
  }

  async open(key: string): Promise<Opened | undefined> {
    const found = await named(this.name, `opening ${key}`, () =>
      unlessMissing(this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: this.#key(key) }))),
    );
    if (!found?.Body) return undefined;
    return { bytes: found.ContentLength ?? 0, chunks: this.#chunks(found.Body as AsyncIterable<Uint8Array>, key) };
  }

  async *#chunks(body: AsyncIterable<Uint8Array>, key: string): AsyncGenerator<Uint8Array> {
    const iterator = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await named(this.name, `reading ${key}`, () => iterator.next());
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  async stat(key: string): Promise<Stat | undefined> {
    const found = await named(this.name, `looking at ${key}`, () =>
      unlessMissing(this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#key(key) }))),
    );
    return found && { bytes: found.ContentLength ?? 0, writtenAt: found.LastModified?.getTime() ?? 0 };
  }

  /** One by one: the batch call always sends a checksum that some servers refuse. */
  async delete(key: string): Promise<void> {
    await named(this.name, `deleting ${key}`, () =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#key(key) })),
    );
  }

  async *list(): AsyncGenerator<Stat & { key: string }> {
    let token: string | undefined;
    do {
      const page = await named(this.name, 'listing objects', () =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix,
            ...(token ? { ContinuationToken: token } : {}),
          }),
        ),
      );
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key)
          yield { key: Key.slice(this.#prefix.length), bytes: Size ?? 0, writtenAt: LastModified?.getTime() ?? 0 };
      }
      token = page.NextContinuationToken;
    } while (token);
  }

  async sweepDrafts(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  #key(key: string): string {
    return this.#prefix + key;
  }
}

/** Bytes that wait for their name: in memory while they are few, then in a temporary file. */
class Spool {
  bytes = 0;
  #chunks: Uint8Array[] = [];
  #folder: string | undefined;
  #path = '';

  async write(chunk: Uint8Array): Promise<void> {
    this.bytes += chunk.byteLength;
    this.#chunks.push(new Uint8Array(chunk));
    const waiting = this.#chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (waiting > spoolBytesMax) await this.#spill();
  }

  async #spill(): Promise<void> {
    this.#folder ??= await mkdtemp(join(tmpdir(), 'hone-upload-'));
    this.#path ||= join(this.#folder, randomUUID());
    const file = await open(this.#path, 'a');
    try {
      await file.appendFile(Buffer.concat(this.#chunks));
    } finally {
      await file.close();
    }
    this.#chunks = [];
  }

  async body(): Promise<Buffer | ReturnType<typeof createReadStream>> {
    if (this.#folder === undefined) return Buffer.concat(this.#chunks);
    await this.#spill();
    return createReadStream(this.#path);
  }

  async drop(): Promise<void> {
    this.#chunks = [];
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    const status = (thrown as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 404) return undefined;
    throw thrown;
  }
}
