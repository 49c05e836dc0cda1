// Goal: the promises of reward as others see them. Method: the real service on a real nats-server with a directory store; serving
// and curation are plain connections to the same bus.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore, DirectoryDriver } from '@hone/artifacts';
import { type Digest, refusal } from '@hone/base';
import { answerScore, feedbackGiven, type InputOf, pairMade } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { makeLog, type RunningService, startService } from '@hone/service-kit';
import { type Bus, startBus } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { RewardModule } from './reward.module.js';

let bus: Bus;
let directory: string;
let store: ArtifactStore;
let service: RunningService;
let curation: Mesh;
let serving: Mesh;
const pairs: InputOf<typeof pairMade>[] = [];
let fullTimes = 0;
const messages = [{ role: 'user' as const, content: 'How long are returns free?' }];

beforeAll(async () => {
  bus = await startBus();
  directory = await mkdtemp(join(tmpdir(), 'hone-reward-'));
  store = new ArtifactStore(new DirectoryDriver(join(directory, 'objects')));
  service = await startService({
    name: 'reward',
    module: RewardModule,
    environment: {
      HONE_NATS_URL: bus.nats.url,
      HONE_STORE: `directory:${join(directory, 'objects')}`,
      HONE_HOME: directory,
      HONE_LOCAL_TRACES: 'false',
    },
    log: makeLog('reward', 'silent'),
  });
  [curation, serving] = await Promise.all([bus.connect('data-curation'), bus.connect('serving')]);
  curation.listen(pairMade, async (input) => void pairs.push(input as InputOf<typeof pairMade>));
  serving.listen(answerScore, async (input) => {
    if (fullTimes-- > 0) throw refusal('overloaded', 'full', { status: 429 });
    const { items } = input as InputOf<typeof answerScore>;
    // Each answer costs its length, so that the test can tell the two apart.
    return { scores: items.map(({ answer }) => ({ logProb: -answer.length, tokens: 2 })) };
  });
  await serving.flush();
});

afterAll(async () => {
  await service?.stop();
  await bus?.stop();
  await rm(directory, { recursive: true, force: true });
});

let votes = 0;
async function vote(rating: 'up' | 'down', answer: string, correction: string | undefined, times = 1): Promise<string> {
  const id = `fb-${++votes}`;
  const turn = {
    id: `chatcmpl-${votes}`,
    content: await store.putManifest({ messages, answer }),
    model: 'ft:tiny:hone:desk:1',
    base: 'tiny',
    alias: 'desk',
    createdAt: 1,
  };
  const feedback = {
    id,
    turn: turn.id,
    rating,
    createdAt: 1,
    ...(correction === undefined ? {} : { correction: await store.putManifest({ text: correction }) }),
  };
  for (let copy = 0; copy < times; copy++)
    await curation.emit(feedbackGiven, { feedback, turn }, { id: `${id}-${copy}` });
  return id;
}

async function pairOf(feedback: string) {
  for (let tries = 0; tries < 400; tries++) {
    const found = pairs.find((pair) => pair.feedback === feedback);
    if (found) return { ...found, content: await store.getManifest(found.pair as Digest, z.looseObject({})) };
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('waited ten seconds for nothing');
}

describe('a vote', () => {
  it('with a correction becomes one scored pair however often it is told', async () => {
    const pair = await pairOf(await vote('down', 'Ten days.', 'Thirty days.', 3));
    expect(pair).toMatchObject({ rating: 'down', alias: 'desk', model: 'ft:tiny:hone:desk:1', base: 'tiny' });
    expect(pair).toMatchObject({ chosenLogProb: -6, rejectedLogProb: -4.5, margin: -1.5 });
    expect(pair.content).toEqual({ messages, chosen: 'Thirty days.', rejected: 'Ten days.' });
    await pairOf(await vote('up', 'x', undefined));
    expect(pairs.filter(({ feedback }) => feedback === pair.feedback)).toHaveLength(1);
  });

  it('of praise says that the answer was right', async () => {
    const pair = await pairOf(await vote('up', 'Thirty days.', undefined));
    expect(pair.content).toEqual({ messages, chosen: 'Thirty days.' });
    expect(pair).not.toHaveProperty('margin');
  });

  it('without anything better makes no pair', async () => {
    const bare = await vote('down', 'Ten days.', undefined);
    await pairOf(await vote('up', 'Thirty days.', undefined));
    expect(pairs.find(({ feedback }) => feedback === bare)).toBeUndefined();
  });

  it('waits while serving is full and is scored later', async () => {
    fullTimes = 1;
    expect(await pairOf(await vote('down', 'a', 'bb'))).toMatchObject({ margin: -0.5 });
  });

  it('whose words are lost goes to the dead letters in the end and holds nothing up', async () => {
    const lost = {
      id: 'chatcmpl-lost',
      content: `sha256:${'1'.repeat(64)}` as Digest,
      model: 'tiny',
      base: 'tiny',
      createdAt: 1,
    };
    await curation.emit(feedbackGiven, {
      feedback: { id: 'fb-lost', turn: lost.id, rating: 'up', createdAt: 1 },
      turn: lost,
    });
    expect(await pairOf(await vote('up', 'Still here.', undefined))).toMatchObject({ rating: 'up' });
  });
});
