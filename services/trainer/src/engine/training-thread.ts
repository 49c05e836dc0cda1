import { Worker } from 'node:worker_threads';
import { fault, HoneError } from '@hone/base';
import { stopWords, type TrainingNews, type TrainingOrder } from './protocol.js';

export interface TrainingThread {
  /** Every message of the thread in order; ends after `finished` or `cancelled`, throws after `failed` or a crash. */
  news: AsyncIterable<TrainingNews>;
  /** Asks the engine to stop before its next step. */
  cancel(): void;
  /** Ends the thread where it stands. */
  terminate(): Promise<void>;
}

/** Starts the engine in a thread of its own, so that heartbeats and the bus never wait for arithmetic. */
export function startTraining(order: TrainingOrder): TrainingThread {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: { order, flag } });
  const waiting: TrainingNews[] = [];
  let wake = (): void => undefined;
  let ended: HoneError | 'done' | undefined;
  worker.on('message', (news: TrainingNews) => {
    waiting.push(news);
    wake();
  });
  worker.on('error', (error) =>
    end(fault('engine_crashed', `[trainer] the engine thread ended with an error: ${error.message}`, { cause: error })),
  );
  worker.on('exit', () => end('done'));
  const end = (how: HoneError | 'done'): void => {
    ended ??= how;
    wake();
  };

  async function* read(): AsyncGenerator<TrainingNews> {
    for (;;) {
      const news = waiting.shift();
      if (news === undefined) {
        if (ended instanceof HoneError) throw ended;
        if (ended === 'done') throw fault('engine_crashed', '[trainer] the engine thread ended without a result');
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      if (news.type === 'failed') throw HoneError.from(news.error);
      yield news;
      if (news.type === 'finished' || news.type === 'cancelled') return;
    }
  }

  return {
    news: read(),
    cancel: () => void Atomics.store(flag, 0, stopWords.cancel),
    terminate: async () => void (await worker.terminate()),
  };
}
