// Finds or installs a nats-server that is new enough, as .toolchain/bin/nats-server. In order: HONE_NATS_SERVER, one that was
// found before, PATH, the Go module proxy, the Debian testing package (unpacked without root). Says what was tried when none works.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './workspace.mjs';

const pinned = '2.15.1';
/** 2.12.3 and 2.12.4 lost messages of work queues, 2.10.20 to 2.10.22 lost whole streams; all of them are older than this. */
const oldest = [2, 12, 7];
const target = join(root, '.toolchain/bin/nats-server');
const tried = [];

const output = (command, args, options = {}) => {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });
  return { isOk: result.status === 0, text: `${result.stdout ?? ''}${result.stderr ?? ''}`.trim() };
};

/** The version when the program runs and is new enough; the reason is noted otherwise. */
export function versionOf(path, from) {
  const { isOk, text } = output(path, ['--version']);
  const found = /v?(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1, 4).map(Number);
  if (!isOk || !found) return note(from, `${path} does not run`);
  const order = found.map((part, index) => Math.sign(part - oldest[index])).find((sign) => sign !== 0) ?? 0;
  return order < 0 ? note(from, `${path} is ${found.join('.')}, older than ${oldest.join('.')}`) : found.join('.');
}

function note(from, reason) {
  tried.push(`${from}: ${reason}`);
  return undefined;
}

function place(draft) {
  mkdirSync(dirname(target), { recursive: true });
  renameSync(draft, target);
}

function link(path) {
  const draft = `${target}.${process.pid}`;
  mkdirSync(dirname(target), { recursive: true });
  rmSync(draft, { force: true });
  symlinkSync(path, draft);
  renameSync(draft, target);
}

const sources = {
  HONE_NATS_SERVER: () => {
    const path = process.env.HONE_NATS_SERVER;
    if (!path) return undefined;
    const version = versionOf(path, 'HONE_NATS_SERVER');
    if (version === undefined) fail();
    return version;
  },
  cache: () => (existsSync(target) ? versionOf(target, 'cache') : undefined),
  PATH: () => {
    const path = output('sh', ['-c', 'command -v nats-server']);
    if (!path.isOk || !path.text) return note('PATH', 'no nats-server');
    const version = versionOf(path.text, 'PATH');
    if (version !== undefined) link(path.text);
    return version;
  },
  go: (scratch) => {
    const go = output('go', ['env', 'GOVERSION']);
    const minor = Number(/^go1\.(\d+)/.exec(go.text)?.[1] ?? 0);
    if (!go.isOk || minor < 24) return note('go', go.isOk ? `Go is ${go.text}, older than 1.24` : 'no Go');
    say(`building nats-server ${pinned} from the Go module proxy (half a minute, once)`);
    const built = output('go', ['install', `github.com/nats-io/nats-server/v2@v${pinned}`], {
      env: { ...process.env, GOBIN: scratch, CGO_ENABLED: '0' },
    });
    if (!built.isOk) return note('go', lastLine(built.text));
    return taken(join(scratch, 'nats-server'), 'go');
  },
  debian: (scratch) => {
    if (!output('apt-get', ['--version']).isOk) return note('debian', 'no apt-get');
    say('fetching the nats-server package of Debian testing (5 MB, once)');
    const script = join(scratch, 'debian.sh');
    writeFileSync(script, debianScript);
    const fetched = output('sh', [script], { env: { ...process.env, A: scratch } });
    if (!fetched.isOk) return note('debian', lastLine(fetched.text) || 'the package could not be fetched');
    return taken(join(scratch, 'usr/sbin/nats-server'), 'debian');
  },
};

/** The machine's own mirror, with lists and cache of our own, so that neither root nor the machine's sources are
 * touched. A frozen mirror's list may be out of date: its signature is checked all the same, and the version afterwards. */
const debianScript = `set -eu
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || keyring=/usr/share/keyrings/debian-archive-keyring.pgp
mkdir -p "$A/lists/partial" "$A/cache/archives/partial"
echo "deb [signed-by=$keyring] \${site:-http://deb.debian.org/debian} forky main" > "$A/sources.list"
cat > "$A/apt.conf" <<CONF
Dir::Etc::SourceList "$A/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::State::Lists "$A/lists";
Dir::State::status "/dev/null";
Dir::Cache "$A/cache";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
APT::Sandbox::User "";
CONF
export APT_CONFIG="$A/apt.conf"
apt-get -qq update
(cd "$A" && apt-get -qq download nats-server)
dpkg-deb --fsys-tarfile "$A"/nats-server_*.deb | tar -x -C "$A" ./usr/sbin/nats-server
`;

function taken(draft, from) {
  const version = versionOf(draft, from);
  if (version !== undefined) place(draft);
  return version;
}

const lastLine = (text) => text.split('\n').at(-1) ?? '';
const say = (text) => process.stderr.write(`[nats-server] ${text}\n`);

function fail() {
  say(`expected nats-server ${oldest.join('.')} or newer but found none:`);
  for (const line of tried) process.stderr.write(`  - ${line}\n`);
  say('fix: install it from https://github.com/nats-io/nats-server/releases and set HONE_NATS_SERVER to its path');
  process.exit(1);
}

function main() {
  mkdirSync(join(root, '.toolchain'), { recursive: true });
  const scratch = mkdtempSync(join(root, '.toolchain/tmp.'));
  const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);
  try {
    for (const [name, source] of Object.entries(sources)) {
      if (only !== undefined && only !== name) continue;
      const version = source(scratch);
      if (version !== undefined) return say(`${version} (${name})`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  fail();
}

main();
