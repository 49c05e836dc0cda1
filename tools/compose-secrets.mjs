// Makes the keys that docker-compose.yml needs, once: nkeys and the API key in .hone/compose, and .env with the public nkeys for
// the NATS configuration and the object store's credentials. What exists is kept.
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Home } from '../clients/cli/dist/home.js';
import { ensureApiKey, ensureNatsKeys } from '../clients/cli/dist/up/keys.js';
import { root } from './workspace.mjs';

const folder = process.argv[2] ?? root;
const home = new Home(join(folder, '.hone/compose'));
home.create();
ensureApiKey(home);
const { admin, services } = ensureNatsKeys(home);
const variable = (user) => `HONE_NKEY_${user.toUpperCase().replaceAll('-', '_')}`;
const lines = [
  `HONE_UID=${process.getuid?.() ?? 1000}:${process.getgid?.() ?? 1000}`,
  `${variable('admin')}=${admin}`,
  ...Object.entries(services).map(([service, key]) => `${variable(service)}=${key}`),
  `HONE_MINIO_USER=hone-${randomBytes(6).toString('hex')}`,
  `HONE_MINIO_PASSWORD=${randomBytes(24).toString('base64url')}`,
];
const file = join(folder, '.env');
if (!existsSync(file)) writeFileSync(file, lines.join('\n') + '\n', { mode: 0o600 });
console.log(`The keys are in ${home.root} and ${file}; the API key is in ${home.apiKeyFile}.`);
