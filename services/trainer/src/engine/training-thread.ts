import { Worker } from 'node:worker_threads';
import { fault } from '@hone/base';
import { NewsStream } from './news-stream.js';
import { stopWords, type RunningTraining, type TrainingNews, type TrainingOrder } from './protocol.js';

/** Starts the engine in a thread of its own, so that heartbeats and the bus never wait for arithmetic. */
export function startTrainingThread(order: TrainingOrder): RunningTraining {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: { order, flag } });
  const stream = new NewsStream();
  worker.on('message', (news: TrainingNews) => stream.hear(news));
  worker.on('error', (error) =>
    stream.end(
      fault('engine_crashed', `[trainer] the engine thread ended with an error: ${error.message}`, { cause: error }),
    ),
  );
  worker.on('exit', () => stream.end('done'));
  return {
    news: stream.read(),
    cancel: () => void Atomics.store(flag, 0, stopWords.cancel),
    terminate: async () => void (await worker.terminate()),
  };
}
