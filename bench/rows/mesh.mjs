// The mesh: seconds from nothing to ready, and what gateway + bus add to a request, beside a plain Node HTTP server.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, quantile } from 'simple-statistics';
import { root } from '../../tools/workspace.mjs';

const samples = 400;

/** Milliseconds of sequential requests over one kept-alive connection. */
async function latencies(url, headers = {}) {
  const times = [];
  for (let index = 0; index < samples + 50; index++) {
    const began = performance.now();
    const response = await fetch(url, { headers });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    if (index >= 50) times.push(performance.now() - began);
  }
  return times;
}

async function plainServer() {
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'application/json').end('{"object":"list","data":[]}'),
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

export const rows = ['cold-start', 'request-overhead'];

export async function run() {
  const home = mkdtempSync(join(tmpdir(), 'hone-bench-mesh-'));
  const hone = (...args) =>
    spawnSync(process.execPath, [join(root, 'clients/cli/dist/main.js'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, HONE_HOME: home },
    });
  const began = performance.now();
  const up = hone('up', '--detach', '--port', '0');
  const coldStart = (performance.now() - began) / 1000;
  if (up.status !== 0) throw new Error(up.stderr);
  const plain = await plainServer();
  try {
    const { url, api_key_file: keyFile } = JSON.parse(hone('status', '--json').stdout);
    const headers = { authorization: `Bearer ${readFileSync(keyFile, 'utf8').trim()}` };
    // One question over the bus and back: the registry's entry of a model.
    const asked = await latencies(`${url}/v1/models/hone-tiny`, headers);
    const direct = await latencies(plain.url);
    const added = median(asked) - median(direct);
    return [
      {
        row: 'cold-start',
        workload: 'hone up, empty home, to every service ready',
        unit: 's',
        ours: coldStart,
        bar: '< 15 s',
        pass: coldStart < 15,
      },
      {
        row: 'request-overhead',
        workload: `GET /v1/models/hone-tiny through gateway, bus and registry, ${samples} sequential requests, p50`,
        unit: 'ms',
        ours: median(asked),
        peer: median(direct),
        peer_name: 'a plain Node HTTP server',
        bar: 'added p50 < 5 ms',
        pass: added < 5,
        detail: { added_p50_ms: added, p99_ms: quantile(asked, 0.99), peer_p99_ms: quantile(direct, 0.99) },
      },
    ];
  } finally {
    plain.close();
    hone('down');
    rmSync(home, { recursive: true, force: true });
  }
}
