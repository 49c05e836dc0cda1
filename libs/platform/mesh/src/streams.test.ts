// Goal: a streamed reply is whole or visibly broken, and stops on one side when the other leaves.
import { refusal } from '@hone/base';
import { controlSubject, type InputOf, rpc } from '@hone/contracts';
import { type Bus, startBus, until } from '@hone/testkit';
import { headers } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { headerNames } from './header-names.js';
import type { Mesh } from './mesh.js';

const word = z.looseObject({ text: z.string() });
const shared = {
  owner: 'serving',
  callers: ['gateway'],
  summary: 'test',
  input: word,
  reply: word,
  streamed: true,
  example: { text: 'a' },
  counterExample: {},
} as const;
const letters = rpc({ ...shared, name: 'letters.spell' });
const failing = rpc({ ...shared, name: 'letters.fail' });
const endless = rpc({ ...shared, name: 'letters.endless' });
const gappy = rpc({ ...shared, name: 'letters.gappy' });
const mute = rpc({ ...shared, name: 'letters.mute' });
const absent = rpc({ ...shared, name: 'letters.absent' });

async function* spell(input: unknown): AsyncGenerator<{ text: string }> {
  for (const text of (input as InputOf<typeof letters>).text) yield { text };
}

describe('streamed replies', () => {
  let bus: Bus;
  let asker: Mesh;
  let server: Mesh;
  let stopped = 0;

  beforeAll(async () => {
    bus = await startBus({ messages: [], ledgers: [] });
    asker = await bus.connect('gateway');
    server = await bus.connect('serving');
    server.listen(letters, async (input) => spell(input));
    server.listen(failing, async (input) =>
      (async function* () {
        yield* spell(input);
        throw refusal('context_full', 'too long', { status: 413 });
      })(),
    );
    server.listen(endless, async (_input, { signal }) =>
      (async function* () {
        try {
          for (let count = 0; !signal.aborted; count++) {
            yield { text: String(count) };
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        } finally {
          stopped++;
        }
      })(),
    );
    await server.flush();
  });
  afterAll(() => bus.stop());

  const collected = async (frames: AsyncIterable<{ text: string }>): Promise<string> => {
    let text = '';
    for await (const frame of frames) text += frame.text;
    return text;
  };

  it('yields every frame in order, also a thousand of them for each of eight readers', async () => {
    const text = 'abcdefghij'.repeat(100);
    const all = await Promise.all(Array.from({ length: 8 }, () => collected(asker.requestStream(letters, { text }))));
    expect(all).toEqual(Array.from({ length: 8 }, () => text));
  });

  it('gives the frames before a failure and then its error', async () => {
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { text } of asker.requestStream(failing, { text: 'ab' })) seen.push(text);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'context_full', status: 413 });
    expect(seen).toEqual(['a', 'b']);
  });

  it('stops the handler when the reader leaves the loop', async () => {
    const before = stopped;
    for await (const { text } of asker.requestStream(endless, { text: '' })) if (text === '5') break;
    await until(() => stopped === before + 1);
  });

  it('stops the handler and fails the reader when its signal aborts', async () => {
    const before = stopped;
    const abort = new AbortController();
    const reading = (async () => {
      for await (const { text } of asker.requestStream(endless, { text: '' }, { signal: abort.signal }))
        if (text === '3') abort.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'request_aborted' });
    await until(() => stopped === before + 1);
  });

  it('fails on a lost frame instead of skipping it', async () => {
    server.unwrap().subscribe(gappy.subject, {
      callback: (_error, msg) => {
        for (const sequence of [0, 2]) {
          const head = headers();
          head.set(headerNames.frame, 'data');
          head.set(headerNames.frameSequence, String(sequence));
          msg.respond(JSON.stringify({ text: 'x' }), { headers: head });
        }
      },
    });
    await server.flush();
    await expect(collected(asker.requestStream(gappy, { text: '' }))).rejects.toMatchObject({ code: 'stream_broken' });
  });

  it('fails when the responder falls silent, and tells it to stop', async () => {
    const heard: string[] = [];
    server.unwrap().subscribe(mute.subject, { callback: () => {} });
    server.unwrap().subscribe(controlSubject(mute), { callback: (_error, msg) => void heard.push(msg.string()) });
    await server.flush();
    await expect(collected(asker.requestStream(mute, { text: '' }, { silenceMs: 100 }))).rejects.toMatchObject({
      code: 'stream_silent',
    });
    await until(() => heard.includes('cancel'));
  });

  it('says at once that nobody answers', async () => {
    await expect(collected(asker.requestStream(absent, { text: '' }))).rejects.toMatchObject({
      code: 'service_unavailable',
    });
  });

  it('ends running streams with an error when the responder stops', async () => {
    const mortal = await bus.connect('serving');
    const only = rpc({ ...shared, name: 'letters.only' });
    mortal.listen(only, async (_input, { signal }) =>
      (async function* () {
        while (!signal.aborted) {
          yield { text: '.' };
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })(),
    );
    await mortal.flush();
    const reading = collected(asker.requestStream(only, { text: '' }));
    reading.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await mortal.close(50);
    await expect(reading).rejects.toMatchObject({ code: 'service_stopping', kind: 'fault' });
  });
});
