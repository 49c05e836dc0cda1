// Goal: a Nest module becomes a process of the mesh: decorated handlers answer, errors travel, a stop is orderly.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore } from '@hone/artifacts';
import { refusal } from '@hone/base';
import { command, type InputOf, rpc } from '@hone/contracts';
import { Command, type Mesh, type MeshContext, Mesh as MeshToken, Rpc, RpcStream } from '@hone/mesh';
import { type Bus, startBus } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Inject, Module } from '@nestjs/common';
import { z } from 'zod';
import { SETTINGS } from './platform.module.js';
import { type RunningService, startService } from './start-service.js';

const word = z.looseObject({ text: z.string() });
const shared = { owner: 'trainer', summary: 'test', input: word, example: { text: 'a' }, counterExample: {} } as const;
const echo = rpc({ ...shared, name: 'word.echo', callers: ['gateway'], reply: word });
const spell = rpc({ ...shared, name: 'word.spell', callers: ['gateway'], reply: word, streamed: true });
const carve = command({ ...shared, name: 'word.carve', senders: ['gateway'] });
const carved: string[] = [];

@Controller()
class WordsController {
  constructor(
    @Inject(SETTINGS) private readonly settings: { suffix: string },
    private readonly store: ArtifactStore,
    private readonly mesh: MeshToken,
  ) {}

  @Rpc(echo)
  async echo({ text }: InputOf<typeof echo>): Promise<{ text: string }> {
    if (text === 'forbidden') throw refusal('word_forbidden', 'not this word', { status: 403 });
    const { digest } = await this.store.put(text);
    return { text: text + this.settings.suffix + this.mesh.service + digest.length };
  }

  @RpcStream(spell)
  async *spell({ text }: InputOf<typeof spell>): AsyncGenerator<{ text: string }> {
    for (const letter of text) yield { text: letter };
  }

  @Command(carve, { concurrency: 2 })
  async carve({ text }: InputOf<typeof carve>, { attempt }: MeshContext): Promise<void> {
    carved.push(`${text}${attempt}`);
  }
}

@Module({ controllers: [WordsController] })
class WordsModule {}

describe('startService', () => {
  let bus: Bus;
  let asker: Mesh;
  let service: RunningService;
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'hone-kit-'));
    bus = await startBus({ messages: [echo, spell, carve] });
    asker = await bus.connect('gateway');
    const environment = {
      HONE_NATS_URL: bus.nats.url,
      HONE_HOME: home,
      HONE_TRAINER_SUFFIX: '!',
      HONE_LOG_LEVEL: 'silent',
    };
    const settings = z.object({ suffix: z.string() });
    service = await startService({ name: 'trainer', module: WordsModule, settings, environment });
  });
  afterAll(async () => {
    await service?.stop();
    await bus?.stop();
    await rm(home, { recursive: true, force: true });
  });

  it('answers with the platform injected', async () => {
    expect(await asker.request(echo, { text: 'hello' })).toEqual({ text: 'hello!trainer71' });
  });

  it('carries a refusal of a handler through Nest unchanged', async () => {
    await expect(asker.request(echo, { text: 'forbidden' })).rejects.toMatchObject({
      code: 'word_forbidden',
      status: 403,
    });
  });

  it('streams the frames of an async generator', async () => {
    const letters: string[] = [];
    for await (const { text } of asker.requestStream(spell, { text: 'abc' })) letters.push(text);
    expect(letters).toEqual(['a', 'b', 'c']);
  });

  it('does a command with its delivery as second parameter', async () => {
    await asker.send(carve, { text: 'oak' });
    while (carved.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(carved).toEqual(['oak1']);
  });
});
