// Goal: spans of a process can be read back as a trace, with their parents, and hold no more than they should.
import { createServer, type Server } from 'node:http';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusal } from '@hone/base';
import { freePort } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LocalSpanExporter, readTrace, recentTraces } from './local-span-store.js';
import { meter, startTelemetry, type Telemetry } from './start.js';
import { currentTraceId, currentTraceparent, inTrace, startHttpSpan, traced } from './traced.js';
import { untraced } from './untraced.js';

describe('telemetry', () => {
  let directory: string;
  let telemetry: Telemetry;
  let collector: Server;
  let metricsPort: number;
  const received: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hone-traces-'));
    collector = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        received.push(`${request.url} ${body}`);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const { port } = collector.address() as AddressInfo;
    metricsPort = await freePort();
    telemetry = await startTelemetry({
      service: 'trainer',
      tracesDirectory: directory,
      otlpEndpoint: `http://127.0.0.1:${port}`,
      metricsPort,
    });
  });
  afterAll(async () => {
    await telemetry.stop();
    await new Promise((resolve) => collector.close(resolve));
    await rm(directory, { recursive: true, force: true });
  });

  it('keeps a trace that crosses an HTTP request, a piece of work and a ledger entry, without its untraced parts', async () => {
    const http = startHttpSpan('POST', '/v1/feedback', {});
    const traceId = http.span.spanContext().traceId;
    let kept: string | undefined;
    await http.run(() =>
      traced('join feedback', { 'hone.turn.id': 'turn-1' }, () => {
        kept = currentTraceparent();
        expect(currentTraceId()).toBe(traceId);
      }),
    );
    http.span.end();
    await inTrace(kept, () =>
      traced('hours later', {}, () => untraced(() => traced('row by row', {}, () => undefined))),
    );
    await expect(traced('refused', {}, () => Promise.reject(refusal('no', 'no')))).rejects.toThrow('no');
    await expect(inTrace(kept, () => traced('broken', {}, () => Promise.reject(new Error('disk'))))).rejects.toThrow(
      'disk',
    );
    const scraped = await scrape(metricsPort);
    expect(scraped).toContain('target_info');
    await telemetry.stop();

    const spans = await readTrace(directory, traceId);
    const byName = new Map(spans.map((span) => [span.name, span]));
    expect([...byName.keys()]).toEqual(['POST /v1/feedback', 'join feedback', 'hours later', 'broken']);
    expect(byName.get('join feedback')).toMatchObject({
      service: 'trainer',
      parentId: byName.get('POST /v1/feedback')?.spanId,
      attributes: { 'hone.turn.id': 'turn-1' },
    });
    expect(byName.get('hours later')?.parentId).toBe(byName.get('join feedback')?.spanId);
    expect(byName.get('broken')).toMatchObject({ status: 'error', error: 'internal' });
    const roots = await recentTraces(directory);
    expect(roots.map(({ name, status }) => [name, status])).toEqual(
      expect.arrayContaining([
        ['POST /v1/feedback', 'ok'],
        ['refused', 'ok'],
      ]),
    );
    expect(received.join('')).toContain('join feedback');
    expect(received.join('')).not.toContain('process.command');
  });

  it('bounds the local store by rotation and reads a half-written last line past it', async () => {
    const small = join(directory, 'small');
    const exporter = new LocalSpanExporter({ directory: small, service: 'serving', fileBytesMax: 2000, filesMax: 2 });
    const span = {
      name: 'x'.repeat(300),
      kind: 0,
      spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
      startTime: [1, 0],
      duration: [0, 5_000_000],
      status: { code: 0 },
      attributes: {},
      events: [],
      links: [],
    };
    for (let count = 0; count < 40; count++)
      exporter.export([span] as unknown as Parameters<LocalSpanExporter['export']>[0], () => {});
    const names = (await readdir(small)).sort();
    expect(names).toEqual(['serving.1.jsonl', 'serving.2.jsonl', 'serving.jsonl']);
    for (const name of names) expect((await stat(join(small, name))).size).toBeLessThan(3000);
    expect((await readTrace(small, 'a'.repeat(32)))[0]).toMatchObject({ startMs: 1000, durationMs: 5 });
  });
});

async function scrape(port: number): Promise<string> {
  meter().createCounter('hone_probe').add(1);
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return response.text();
}
