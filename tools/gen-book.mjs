// Writes everything that follows from the book of messages (libs/contracts, built): docs/book, deploy/nats/nats.conf and the
// tables in the services' READMEs. `--check` writes nothing and fails when a file differs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as book from '../libs/contracts/dist/index.js';
import { packages, root } from './workspace.mjs';

const isCheck = process.argv.includes('--check');
const stale = [];

function write(path, text) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  stale.push(path);
  if (isCheck) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Replaces what stands between the two markers in a README; a README without markers is left alone. */
function writeBetween(path, text) {
  const file = join(root, path);
  if (!existsSync(file)) return;
  const [start, end] = ['<!-- book:start -->', '<!-- book:end -->'];
  const old = readFileSync(file, 'utf8');
  const [head, tail] = [old.indexOf(start), old.indexOf(end)];
  if (head === -1 || tail === -1) return;
  write(path, `${old.slice(0, head)}${start}\n\n${text}${old.slice(tail)}`);
}

const json = (value) => JSON.stringify(value, null, 2) + '\n';
const variable = (service) => `$HONE_NKEY_${service.toUpperCase().replaceAll('-', '_')}`;
const services = Object.fromEntries(book.serviceNames.map((service) => [service, variable(service)]));

write('docs/book/messages.md', book.messagesPage());
write('docs/book/permissions.md', book.permissionsPage());
write('docs/book/streams.md', book.streamsPage());
write('docs/book/flows.md', book.flowsPage());
write('docs/book/asyncapi.json', json(book.asyncApi()));
if (book.openApi) write('docs/book/openapi.json', json(book.openApi()));
write(
  'deploy/nats/nats.conf',
  book.natsConfig({
    host: '0.0.0.0',
    port: 4222,
    storeDirectory: '/data',
    storeBytesMax: '4GB',
    keys: { admin: variable('admin'), services },
  }),
);
for (const service of book.serviceNames)
  writeBetween(`${packages[service].path}/README.md`, book.serviceTables(service));

if (isCheck && stale.length > 0) {
  console.error(`stale: ${stale.join(', ')}; fix: npm run gen`);
  process.exitCode = 1;
} else if (!isCheck && stale.length > 0) console.log(`wrote ${stale.join(', ')}`);
