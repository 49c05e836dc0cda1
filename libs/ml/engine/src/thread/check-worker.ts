// One base model read as serving would read it. In a thread of its own: the weights of a large model take seconds to read.
import { parentPort, workerData } from 'node:worker_threads';
import { asHoneError, assert, type ErrorBody } from '@hone/base';
import { checkModel } from '@hone/models';
import { ChatTemplate, readTokenizerFolder, TemplateSandbox, Tokenizer } from '@hone/text';

/** Null when nothing is wrong. */
export type CheckNews = ErrorBody | null;

assert(parentPort, '[engine] a model is checked in a worker thread');
parentPort.postMessage(
  await check(workerData as string).then(
    (): CheckNews => null,
    (thrown: unknown): CheckNews => asHoneError(thrown).toJSON(),
  ),
);

/** What is quick to refuse comes first. */
async function check(folder: string): Promise<void> {
  const files = await readTokenizerFolder(folder);
  new Tokenizer(files);
  await checkTemplate(ChatTemplate.fromFiles(files));
  checkModel(folder);
}

async function checkTemplate(template: ChatTemplate | undefined): Promise<void> {
  if (!template) return;
  // Longer than for a rendering: this one waits for a process that has only just started.
  const sandbox = new TemplateSandbox({ renderMsMax: 1000 });
  try {
    await sandbox.check(template);
  } finally {
    await sandbox.close();
  }
}
