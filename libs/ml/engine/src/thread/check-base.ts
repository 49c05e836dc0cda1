import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { fault, HoneError } from '@hone/base';
import type { CheckNews } from './check-worker.js';

/** Refuses a model folder that could never answer, with the refusal that loading it would give: config, weights, tokenizer, template. */
export async function checkBase(folder: string, signal?: AbortSignal): Promise<void> {
  const worker = new Worker(new URL('./check-worker.js', import.meta.url), {
    workerData: folder,
    name: 'check',
    execArgv: [],
  });
  try {
    const [news] = (await once(worker, 'message', signal ? { signal } : {})) as [CheckNews];
    if (news) throw HoneError.from(news);
  } catch (thrown) {
    if (thrown instanceof HoneError) throw thrown;
    // A tokenizer.json may ask for more than the thread's heap.
    throw fault(
      'check_failed',
      `[model] the model could not be checked: ${(thrown as Error).message}; fix: ask again`,
      {
        cause: thrown,
      },
    );
  } finally {
    await worker.terminate();
  }
}
