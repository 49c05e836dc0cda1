import { parentPort, workerData } from 'node:worker_threads';
import { asHoneError, assert } from '@hone/base';
import { exportModel } from '@hone/models';
import { ggufFieldsOfTokenizer, readTokenizerFolder } from '@hone/text';
import type { ExportNews, ExportOrder } from './export-protocol.js';

async function run(): Promise<ExportNews> {
  const order = workerData as ExportOrder;
  if (!order.target.startsWith('gguf-')) return { type: 'finished', certificate: exportModel(order) };
  const tokenizer = await readTokenizerFolder(order.base);
  const ggufTokenizer = (vocabSize: number) => ggufFieldsOfTokenizer(tokenizer, vocabSize);
  return { type: 'finished', certificate: exportModel({ ...order, ggufTokenizer }) };
}

assert(parentPort, '[trainer] expected the export to run in a worker thread');
parentPort.postMessage(
  await run().catch((thrown: unknown): ExportNews => ({ type: 'failed', error: asHoneError(thrown).toJSON() })),
);
