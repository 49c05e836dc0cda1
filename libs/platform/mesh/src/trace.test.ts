// Goal: one trace follows a question, a command and the event that it causes through every service.
import { command, event, rpc } from '@hone/contracts';
import { type Bus, startBus, until } from '@hone/testkit';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { refusal } from '@hone/base';
import { z } from 'zod';
import type { Mesh } from './mesh.js';

const word = z.looseObject({ text: z.string() });
const shared = { owner: 'trainer', summary: 'test', input: word, example: { text: 'a' }, counterExample: {} } as const;
const ask = rpc({ ...shared, name: 'word.ask', callers: ['gateway'], reply: word });
const spell = rpc({ ...shared, name: 'word.spell', callers: ['gateway'], reply: word, streamed: true });
const work = command({ ...shared, name: 'word.work', senders: ['trainer'] });
const told = event({ ...shared, name: 'word.told', readers: ['registry'] });

describe('the trace of a message', () => {
  const exporter = new InMemorySpanExporter();
  let bus: Bus;
  let gateway: Mesh;
  let heard = 0;

  beforeAll(async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
    bus = await startBus({ messages: [ask, spell, work, told] });
    gateway = await bus.connect('gateway');
    const trainer = await bus.connect('trainer');
    const registry = await bus.connect('registry');
    trainer.listen(ask, async (input) => {
      if ((input as { text: string }).text === 'canary') throw refusal('no_canary', 'not this one');
      await trainer.send(work, { text: 'from the question' });
      return { text: 'done' };
    });
    trainer.listen(spell, async () =>
      (async function* () {
        yield { text: 'x' };
      })(),
    );
    trainer.listen(work, async () => void (await trainer.emit(told, { text: 'fact' })));
    registry.listen(told, async () => void heard++);
    await trainer.flush();
  });
  afterAll(async () => {
    await bus.stop();
    trace.disable();
    context.disable();
    propagation.disable();
  });

  it('has one id from the caller to the last reader, each span under its cause', async () => {
    exporter.reset();
    await trace.getTracer('test').startActiveSpan('POST /v1/words', async (root) => {
      await gateway.request(ask, { text: 'a' });
      root.end();
    });
    await until(() => heard === 1 && exporter.getFinishedSpans().length === 7);
    const spans = exporter.getFinishedSpans();
    const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    const edges = spans.map((span) => `${names.get(span.parentSpanContext?.spanId ?? '') ?? '-'} > ${span.name}`);
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(edges.sort()).toEqual(
      [
        '- > POST /v1/words',
        `POST /v1/words > request ${ask.subject}`,
        `request ${ask.subject} > respond ${ask.subject}`,
        `respond ${ask.subject} > send ${work.subject}`,
        `send ${work.subject} > process ${work.subject}`,
        `process ${work.subject} > send ${told.subject}`,
        `send ${told.subject} > process ${told.subject}`,
      ].sort(),
    );
    const kindOf = (name: string) => spans.find((span) => span.name === name)?.kind;
    expect([
      kindOf(`send ${work.subject}`),
      kindOf(`process ${work.subject}`),
      kindOf(`respond ${ask.subject}`),
    ]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER, SpanKind.SERVER]);
    expect(spans.find((span) => span.name === `process ${work.subject}`)?.attributes).toMatchObject({
      'messaging.system': 'nats',
      'messaging.destination.name': work.subject,
      'messaging.consumer.group.name': 'trainer-trainer-word-work',
    });
  });

  it('covers a streamed reply from question to last frame', async () => {
    exporter.reset();
    for await (const { text } of gateway.requestStream(spell, { text: 'a' })) expect(text).toBe('x');
    await until(() => exporter.getFinishedSpans().length === 2);
    const [server, client] = exporter.getFinishedSpans();
    expect([server?.name, client?.name]).toEqual([`respond ${spell.subject}`, `request ${spell.subject}`]);
    expect(server?.parentSpanContext?.spanId).toBe(client?.spanContext().spanId);
  });

  it('notes a refusal by its code without calling the span an error, and holds no content', async () => {
    exporter.reset();
    await expect(gateway.request(ask, { text: 'canary' })).rejects.toThrow('not this one');
    await until(() => exporter.getFinishedSpans().length === 2);
    for (const span of exporter.getFinishedSpans()) {
      expect(span.attributes['error.type']).toBe('no_canary');
      expect(span.status.code).toBe(0);
      expect(JSON.stringify([span.attributes, span.events])).not.toContain('"canary"');
    }
  });
});
