import { Worker } from 'node:worker_threads';
import { fault, HoneError } from '@hone/base';
import type { ParityCertificate } from '@hone/models';
import type { ExportNews, ExportOrder } from './export-protocol.js';

/** Exports in a thread of its own, so that heartbeats and the bus never wait for arithmetic; the signal ends it where it stands. */
export async function startExport(order: ExportOrder, signal: AbortSignal): Promise<ParityCertificate> {
  const worker = new Worker(new URL('./export-worker.js', import.meta.url), { workerData: order });
  const leave = (): void => void worker.terminate();
  signal.addEventListener('abort', leave, { once: true });
  try {
    const news = await new Promise<ExportNews>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (error) => reject(crashed(error.message)));
      worker.once('exit', () => reject(crashed('it ended without a result')));
    });
    if (news.type === 'failed') throw HoneError.from(news.error);
    return news.certificate;
  } finally {
    signal.removeEventListener('abort', leave);
    await worker.terminate();
  }
}

const crashed = (why: string) => fault('engine_crashed', `[trainer] the export thread failed: ${why}`);
