import { fault, HoneError, refusal } from '@hone/base';
import type { LedgerSpec } from '@hone/contracts';
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import { z } from 'zod';
import { decode, encode } from './codec.js';

/** One mutable name. `revision` is the bucket's sequence of its last write, `fence` counts the leases ever given on it. */
export interface Entry<T> {
  id: string;
  value: T;
  revision: number;
  fence: number;
  writtenAt: number;
}

export type LedgerChange<T> = { type: 'put'; entry: Entry<T> } | { type: 'delete'; id: string; revision: number };

/** How long a list waits for its next entry before it says that the bucket is silent. */
const silenceMsMax = 4000;

/** Tries of a change against other writers of the same name before it gives up. */
const changesMax = 20;

/**
 * The names `<prefix>.<id>` of one key-value bucket, as typed values. Every write is a compare-and-set on the revision that
 * was read; a write against an older one fails with `ledger_conflict` and changes nothing.
 */
export class Ledger<T> {
  readonly #kv: () => Promise<KV>;
  readonly #spec: LedgerSpec;
  readonly #prefix: string;
  readonly #stored: z.ZodType<{ fence: number; value: T }>;

  constructor(kv: () => Promise<KV>, spec: LedgerSpec, prefix: string, schema: z.ZodType<T>) {
    this.#kv = kv;
    this.#spec = spec;
    this.#prefix = prefix;
    this.#stored = z.object({ fence: z.int().nonnegative(), value: schema });
  }

  async get(id: string): Promise<Entry<T> | undefined> {
    const found = await this.#asked(id, async (kv) => kv.get(this.#key(id)));
    return found && found.operation === 'PUT' ? this.#entry(found) : undefined;
  }

  /** The entry, or a 404 refusal that names it. */
  async find(id: string): Promise<Entry<T>> {
    const entry = await this.get(id);
    if (entry) return entry;
    const message = `[ledger ${this.#spec.bucket}] expected a known ${this.#prefix} but received "${id}"; fix: list the ${this.#prefix}s and pick one`;
    throw refusal(`${this.#prefix}_not_found`, message, { status: 404, param: this.#prefix });
  }

  /** Writes a name that must not exist yet; returns the entry as stored. */
  async create(id: string, value: T): Promise<Entry<T>> {
    const bytes = this.#encode(id, 0, value);
    const revision = await this.#asked(id, (kv) => kv.create(this.#key(id), bytes));
    return { id, value, revision, fence: 0, writtenAt: Date.now() };
  }

  /** Creates the name, or returns what is there already: the form that a redelivered command wants. */
  async ensure(id: string, value: T): Promise<{ entry: Entry<T>; isNew: boolean }> {
    try {
      return { entry: await this.create(id, value), isNew: true };
    } catch (thrown) {
      if (!isConflict(thrown)) throw thrown;
      return { entry: await this.find(id), isNew: false };
    }
  }

  /** Replaces the value if the entry is still the one that was read. */
  async update(entry: Entry<T>, value: T): Promise<Entry<T>> {
    return this.#write(entry, entry.fence, value);
  }

  /** Reads, computes and writes until no other writer came between. The function may run several times; a throw stops it. */
  async change(id: string, next: (value: T, entry: Entry<T>) => T): Promise<Entry<T>> {
    return this.#changed(id, (entry) => ({ fence: entry.fence, value: next(entry.value, entry) }));
  }

  /**
   * Takes a lease: raises the fence, so that whoever held one before can no longer write through it. The server's own sequence
   * orders the claims; no clock takes part.
   */
  async claim(id: string, next: (value: T, entry: Entry<T>) => T): Promise<Lease<T>> {
    const entry = await this.#changed(id, (current) => ({
      fence: current.fence + 1,
      value: next(current.value, current),
    }));
    return new Lease(this, entry);
  }

  /** As `change`, but refused with `lease_lost` when the fence has moved on since the lease was taken. */
  async changeFenced(id: string, fence: number, next: (value: T, entry: Entry<T>) => T): Promise<Entry<T>> {
    return this.#changed(id, (entry) => {
      if (entry.fence !== fence) throw leaseLost(this.#spec.bucket, this.#key(id), fence, entry.fence);
      return { fence, value: next(entry.value, entry) };
    });
  }

  /** Every entry whose id begins with the given steps (`list('ftjob-1')` finds `event.ftjob-1.7`), oldest write first. */
  async list(under?: string): Promise<Entry<T>[]> {
    const entries = new Map<string, Entry<T>>();
    const found = await this.#asked(under ?? '*', (kv) => kv.history({ key: this.#filter(under) }));
    // A server whose disk is full takes the reader and then tells it nothing: the silence must have an end.
    let isSilent = false;
    const giveUp = (): void => {
      isSilent = true;
      found.stop();
    };
    let timer = setTimeout(giveUp, silenceMsMax);
    try {
      for await (const item of found) {
        clearTimeout(timer);
        timer = setTimeout(giveUp, silenceMsMax);
        const id = this.#idOf(item.key);
        entries.delete(id);
        if (item.operation === 'PUT') entries.set(id, this.#entry(item));
      }
    } finally {
      clearTimeout(timer);
      const forgotten = forgetReader(found);
      if (!isSilent) await forgotten;
    }
    if (isSilent) throw this.#failure(under ?? '*', new Error(`nothing for ${silenceMsMax} ms`));
    return [...entries.values()];
  }

  async delete(entry: Entry<T>): Promise<void> {
    await this.#asked(entry.id, (kv) => kv.purge(this.#key(entry.id), { previousSeq: entry.revision, ttl: '' }));
  }

  /**
   * Tells the listener every present entry and then each change, in order and without a gap; resolves when the present ones
   * have been told. It survives reconnects and ends with the signal. A listener that throws ends it too: `failed` hears why.
   */
  async watch(
    listener: (change: LedgerChange<T>) => void | Promise<void>,
    { under, signal, failed }: { under?: string; signal?: AbortSignal; failed?: (error: HoneError) => void } = {},
  ): Promise<void> {
    const present = await this.list(under);
    for (const entry of present) await listener({ type: 'put', entry });
    const from = present.reduce((last, { revision }) => Math.max(last, revision), 0) + 1;
    const changes = await this.#asked(under ?? '*', (kv) =>
      kv.watch({ key: this.#filter(under), resumeFromRevision: from }),
    );
    if (signal?.aborted) changes.stop();
    signal?.addEventListener('abort', () => changes.stop(), { once: true });
    const told = async (): Promise<void> => {
      for await (const item of changes) {
        const id = this.#idOf(item.key);
        if (item.operation === 'PUT') await listener({ type: 'put', entry: this.#entry(item) });
        else await listener({ type: 'delete', id, revision: item.revision });
      }
    };
    told().catch((thrown: unknown) => {
      changes.stop();
      failed?.(thrown instanceof HoneError ? thrown : fault('ledger_watch_failed', String(thrown), { cause: thrown }));
    });
  }

  async #changed(id: string, next: (entry: Entry<T>) => { fence: number; value: T }): Promise<Entry<T>> {
    for (let tries = 1; ; tries++) {
      const entry = await this.find(id);
      const { fence, value } = next(entry);
      try {
        return await this.#write(entry, fence, value);
      } catch (thrown) {
        if (!isConflict(thrown) || tries === changesMax) throw thrown;
      }
    }
  }

  async #write(entry: Entry<T>, fence: number, value: T): Promise<Entry<T>> {
    const bytes = this.#encode(entry.id, fence, value);
    const revision = await this.#asked(entry.id, (kv) => kv.update(this.#key(entry.id), bytes, entry.revision));
    return { id: entry.id, value, revision, fence, writtenAt: Date.now() };
  }

  #encode(id: string, fence: number, value: T): Uint8Array {
    return encode(`ledger ${this.#spec.bucket}/${this.#key(id)}`, this.#stored, { fence, value }, 'bug');
  }

  #entry(item: KvEntry): Entry<T> {
    const where = `ledger ${this.#spec.bucket}/${item.key}`;
    const { fence, value } = decode(where, this.#stored, item.value, 'bug');
    return { id: this.#idOf(item.key), value, revision: item.revision, fence, writtenAt: item.created.getTime() };
  }

  #key(id: string): string {
    const key = `${this.#prefix}.${id}`;
    if (/^[-\w]+(\.[-=\w]+)*$/.test(key)) return key;
    throw refusal(
      'invalid_id',
      `[ledger ${this.#spec.bucket}] expected letters, digits, "-", "_" and single dots for the ${this.#prefix} id but received another character; fix: use the id as it was given`,
      { param: this.#prefix },
    );
  }

  #filter(under: string | undefined): string {
    return under === undefined ? `${this.#prefix}.>` : `${this.#key(under)}.>`;
  }

  #idOf(key: string): string {
    return key.slice(this.#prefix.length + 1);
  }

  async #asked<R>(id: string, ask: (kv: KV) => Promise<R>): Promise<R> {
    try {
      return await ask(await this.#kv());
    } catch (thrown) {
      if (thrown instanceof HoneError) throw thrown;
      throw this.#failure(id, thrown);
    }
  }

  #failure(id: string, cause: unknown): HoneError {
    const where = `[ledger ${this.#spec.bucket}]`;
    const wrongRevision: number[] = [
      JetStreamApiCodes.StreamWrongLastSequence,
      JetStreamApiCodes.StreamWrongLastSequenceUnknown,
    ];
    if (cause instanceof JetStreamApiError && wrongRevision.includes(cause.code)) {
      const message = `${where} expected an unchanged ${this.#prefix} "${id}" but another writer came first; fix: read it again and repeat`;
      return refusal('ledger_conflict', message, { status: 409, cause });
    }
    const text = cause instanceof Error ? cause.message : String(cause);
    const message = `${where} expected the bucket to answer for "${id}" but received "${text}"; fix: look at nats-server and its disk`;
    return fault('ledger_unavailable', message, { cause, retryAfterSeconds: 2 });
  }
}

/** The right to write one entry until someone else claims it. */
export class Lease<T> {
  readonly #ledger: Ledger<T>;
  #entry: Entry<T>;

  constructor(ledger: Ledger<T>, entry: Entry<T>) {
    this.#ledger = ledger;
    this.#entry = entry;
  }

  get id(): string {
    return this.#entry.id;
  }

  get fence(): number {
    return this.#entry.fence;
  }

  /** The entry as this lease last saw it. */
  get entry(): Entry<T> {
    return this.#entry;
  }

  /** Writes while the lease holds; other writers' changes are seen by the function, a newer lease makes it fail. */
  async change(next: (value: T, entry: Entry<T>) => T): Promise<Entry<T>> {
    this.#entry = await this.#ledger.changeFenced(this.id, this.fence, next);
    return this.#entry;
  }

  /** Reads the entry and whether the lease still holds. */
  async look(): Promise<{ entry: Entry<T>; isHeld: boolean }> {
    const entry = await this.#ledger.find(this.id);
    return { entry, isHeld: entry.fence === this.fence };
  }
}

export const isConflict = (thrown: unknown): boolean =>
  thrown instanceof HoneError && thrown.code === 'ledger_conflict';

/**
 * The library leaves the server's side of a finished history behind for minutes, and the server refuses further readers beyond
 * some hundreds: whoever lists often would stop the bucket.
 */
async function forgetReader(history: object): Promise<void> {
  const { _data: reader } = history as { _data?: { delete?(): Promise<boolean> } };
  await reader?.delete?.().catch(() => false);
}

function leaseLost(bucket: string, key: string, held: number, current: number): HoneError {
  const message = `[ledger ${bucket}] expected fence ${held} for ${key} but received fence ${current}: another worker holds it now; fix: drop this result`;
  return refusal('lease_lost', message, { status: 409, details: { held, current } });
}
