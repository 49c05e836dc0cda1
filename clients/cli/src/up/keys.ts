import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId, unixSeconds } from '@hone/base';
import { type NatsKeys, type ServiceName, serviceNames } from '@hone/contracts';
import type { Home } from '../home.js';
import { newUserSeed, publicKeyOf } from './nkey.js';

const writeSecret = (path: string, text: string): void => writeFileSync(path, text, { mode: 0o600, flag: 'wx' });

/** The file of a bus user's seed; `admin` makes streams and consumers, each service only what the book lets it. */
export const seedFile = (home: Home, user: ServiceName | 'admin'): string => join(home.nkeys, `${user}.nk`);

/** The public keys of every bus user; seeds that are missing are made, those that exist stay. */
export function ensureNatsKeys(home: Home): NatsKeys {
  const publicOf = (user: ServiceName | 'admin'): string => {
    const path = seedFile(home, user);
    if (!existsSync(path)) writeSecret(path, `${newUserSeed()}\n`);
    return publicKeyOf(readFileSync(path, 'utf8'));
  };
  const services = Object.fromEntries(serviceNames.map((service) => [service, publicOf(service)]));
  return { admin: publicOf('admin'), services: services as NatsKeys['services'] };
}

/** The client's API key in one file, and its sha256 for the gateway in another; 256 random bits, made once. */
export function ensureApiKey(home: Home): string {
  if (!existsSync(home.apiKeyFile)) writeSecret(home.apiKeyFile, `hone_sk_${randomBytes(32).toString('base64url')}\n`);
  const key = readFileSync(home.apiKeyFile, 'utf8').trim();
  const sha256 = createHash('sha256').update(key).digest('hex');
  const isKnown = existsSync(home.keysFile) && readFileSync(home.keysFile, 'utf8').includes(sha256);
  if (!isKnown) {
    const keys = [{ id: newId('key'), sha256, created_at: unixSeconds() }];
    writeFileSync(home.keysFile, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600 });
  }
  return key;
}
