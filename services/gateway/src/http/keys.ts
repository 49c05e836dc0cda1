import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { fault, refusal } from '@hone/base';
import { z } from 'zod';

/** The file of accepted keys: only their sha256, so that reading it lets nobody in. */
export const keyFile = z.object({
  keys: z
    .array(z.object({ id: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/), created_at: z.int() }))
    .min(1),
});

export const keyDigest = (key: string): string => createHash('sha256').update(key).digest('hex');

const lookAgainMs = 1000;

/** Which Bearer keys open the door. The file is looked at again when it changes, so that a key can be revoked at once. */
export class Keys {
  readonly #path: string;
  #known: { id: string; digest: Buffer }[];
  #changedAt = 0;
  #lookedAt = 0;

  constructor(path: string) {
    this.#path = path;
    this.#known = this.#read();
  }

  /** The id of the key that an Authorization header carries; refused with 401 when there is none or a wrong one. */
  identify(authorization: string | undefined): string {
    this.#refresh();
    const key = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (key === undefined) throw unauthorized('No API key was given; fix: send "Authorization: Bearer hone_sk_..."');
    const digest = Buffer.from(keyDigest(key), 'hex');
    // Every known key is compared, so that the time does not tell which one was near.
    const found = this.#known.filter((known) => timingSafeEqual(known.digest, digest));
    if (found[0] === undefined) throw unauthorized('Incorrect API key provided; fix: use the key of `hone status`');
    return found[0].id;
  }

  #refresh(): void {
    const now = performance.now();
    if (now - this.#lookedAt < lookAgainMs) return;
    this.#lookedAt = now;
    if (statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs !== this.#changedAt) this.#known = this.#read();
  }

  #read(): { id: string; digest: Buffer }[] {
    try {
      this.#changedAt = statSync(this.#path).mtimeMs;
      const { keys } = keyFile.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
      return keys.map(({ id, sha256 }) => ({ id, digest: Buffer.from(sha256, 'hex') }));
    } catch (cause) {
      const text = `[gateway] expected at least one key in ${this.#path} but could not read one`;
      throw fault('no_keys', `${text}; fix: run hone up, which makes it`, { cause });
    }
  }
}

const unauthorized = (message: string) => refusal('invalid_api_key', message, { status: 401 });
