// One process of a run: `node rank.js ORDER.json`, with its place in HONE_RANK and HONE_WORLD_SIZE where it has a GPU or is the only one, or
// started by mpiexec where several compute on the processor. The first process prints the news of the run, a line of JSON each.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asHoneError } from '@hone/base';
import { ProcessGroup, chooseDevice, deviceLost, newGroupId, type DeviceChoice } from '@hone/tensor';
import { Meeting, isMeetingCancelled } from './meeting.js';
import type { TrainingNews, TrainingOrder } from './protocol.js';
import { runTraining } from './run-training.js';

const say = (news: TrainingNews): void => void process.stdout.write(`${JSON.stringify(news)}\n`);

interface Joined {
  /** Absent where the run has one process. */
  readonly group?: ProcessGroup;
  readonly meeting: Meeting;
  readonly choice: DeviceChoice;
}

async function joined(folder: string): Promise<Joined> {
  const { HONE_RANK, HONE_WORLD_SIZE } = process.env;
  if (HONE_RANK === undefined) {
    const group = ProcessGroup.overMpi();
    return { group, meeting: new Meeting(folder, group.rank === 0), choice: chooseDevice('cpu') };
  }
  const [rank, size] = [Number(HONE_RANK), Number(HONE_WORLD_SIZE)];
  const meeting = new Meeting(folder, rank === 0);
  if (size === 1) return { meeting, choice: chooseDevice() };
  const id = await meeting.agree('group-id', () => Buffer.from(newGroupId()).toString('base64'));
  const group = ProcessGroup.onCards({ rank, size, id: Buffer.from(id, 'base64') });
  return { group, meeting, choice: chooseDevice('cuda') };
}

async function main(): Promise<void> {
  const order = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as TrainingOrder;
  const folder = join(order.runFolder, 'group');
  const { group, meeting, choice } = await joined(folder);
  const isFirst = group === undefined || group.rank === 0;
  await runTraining(order, {
    say: (news) => {
      if (isFirst) say(news);
    },
    choice,
    isCancelled: () => isMeetingCancelled(folder),
    agree: (name, make) => meeting.agree(name, make),
    group,
  });
  group?.leave();
}

await main().catch((thrown: unknown) => {
  say({ type: 'failed', error: asHoneError(deviceLost(thrown) ?? thrown).toJSON() });
  process.exit(1);
});
