// The engine of a run on one device: a thread of the service, so that heartbeats and the bus never wait for arithmetic.
import { parentPort, workerData } from 'node:worker_threads';
import { asHoneError, assert } from '@hone/base';
import { chooseDevice, deviceLost } from '@hone/tensor';
import { stopWords, type TrainingNews, type TrainingOrder } from './protocol.js';
import { runTraining } from './run-training.js';

const { order, flag } = workerData as { order: TrainingOrder; flag: Int32Array };

const say = (news: TrainingNews): void => parentPort?.postMessage(news);

assert(parentPort, '[trainer] expected the engine to run in a worker thread');
try {
  await runTraining(order, {
    say,
    choice: chooseDevice(),
    isCancelled: () => Atomics.load(flag, 0) === stopWords.cancel,
    agree: (_name, make) => Promise.resolve(make()),
  });
} catch (thrown) {
  say({ type: 'failed', error: asHoneError(deviceLost(thrown) ?? thrown).toJSON() });
}
