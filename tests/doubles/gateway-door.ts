// What the gateway's tests talk to: a real bus, the real gateway process, and the services behind it played by the test.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusal } from '@hone/base';
import {
  chatComplete,
  type FileEntry,
  fileGet,
  fileList,
  fileRegister,
  type GenerationFrame,
  type InputOf,
  jobCreate,
  modelCheck,
  modelRegister,
  textComplete,
} from '@hone/contracts';
import type { Mesh, MeshContext } from '@hone/mesh';
import { startService } from '@hone/service-kit';
import { freePort, startBus } from '@hone/testkit';
import { gatewayService, keyDigest } from '@hone/gateway';

export const key = 'hone_sk_for-this-test-only';

export interface Door {
  url: string;
  /** The contexts of streams that never end by themselves. */
  endless: MeshContext[];
  call(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
  close(): Promise<void>;
}

export async function openDoor(): Promise<Door> {
  const home = await mkdtemp(join(tmpdir(), 'hone-gateway-'));
  const bus = await startBus();
  const endless: MeshContext[] = [];
  const serving = await bus.connect('serving');
  playServing(serving, endless);
  serving.listen(modelCheck, async () => ({}));
  playCuration(await bus.connect('data-curation'));
  const trainer = await bus.connect('trainer');
  trainer.listen(jobCreate, async (input) => {
    const job = input as InputOf<typeof jobCreate>;
    return { ...job, status: 'validating_files', seed: 1, createdAt: 1 };
  });
  const registry = await bus.connect('registry');
  registry.listen(modelRegister, async (input) => ({ ...(input as object), kind: 'base', createdAt: 1 }));
  await Promise.all([trainer.flush(), registry.flush()]);
  const keyFile = join(home, 'keys.json');
  await writeFile(keyFile, JSON.stringify({ keys: [{ id: 'k1', sha256: keyDigest(key), created_at: 1 }] }));
  const port = await freePort();
  const environment = {
    HONE_NATS_URL: bus.nats.url,
    HONE_HOME: home,
    HONE_GATEWAY_PORT: String(port),
    HONE_GATEWAY_KEY_FILE: keyFile,
    HONE_LOG_LEVEL: 'silent',
  };
  const service = await startService({ ...gatewayService, environment });
  const url = `http://127.0.0.1:${port}`;
  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });
  const post = (path: string, body: unknown): Promise<Response> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text });
  };
  const close = async (): Promise<void> => {
    await service.stop();
    await bus.stop();
    await rm(home, { recursive: true, force: true });
  };
  return { url, endless, call, post, close };
}

const letter = (token: string, logprob: number) => {
  const bytes = [...Buffer.from(token)];
  return { token, bytes, logprob, top: [{ token, bytes, logprob }] };
};

async function* spoken(words: string[], n: number): AsyncGenerator<GenerationFrame> {
  const fingerprint = `sha256:${'a'.repeat(64)}`;
  yield { type: 'start', model: 'hone-tiny', base: 'hone-tiny', promptTokens: 3, fingerprint };
  for (let index = 0; index < n; index++) {
    for (const text of words) yield { type: 'delta', index, text, logprobs: [letter(text, -0.5)] };
    yield { type: 'finish', index, reason: 'stop', completionTokens: words.length };
  }
}

function playServing(serving: Mesh, endless: MeshContext[]): void {
  serving.listen(chatComplete, async (input, context) => {
    const { model, n = 1 } = input as InputOf<typeof chatComplete>;
    if (model === 'nobody')
      throw refusal('model_not_found', 'The model nobody does not exist.', { status: 404, param: 'model' });
    if (model === 'full') throw refusal('overloaded', 'the queue is full', { status: 429, retryAfterSeconds: 7 });
    if (model === 'breaks') return breaking();
    if (model !== 'endless') return spoken(['Hello', ' there', '.'], n);
    endless.push(context);
    return speakingFor(context);
  });
  serving.listen(textComplete, async (input) => {
    const { prompt, n = 1 } = input as InputOf<typeof textComplete>;
    return spoken([typeof prompt === 'string' ? prompt : `ids${prompt.length}`, '!'], n);
  });
}

async function* breaking(): AsyncGenerator<GenerationFrame> {
  for await (const frame of spoken(['Hel'], 1)) if (frame.type !== 'finish') yield frame;
  throw new Error('the engine broke');
}

async function* speakingFor({ signal }: MeshContext): AsyncGenerator<GenerationFrame> {
  for await (const frame of spoken(['a'], 1)) if (frame.type !== 'finish') yield frame;
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    yield { type: 'delta', index: 0, text: 'a' };
  }
}

function playCuration(curation: Mesh): void {
  const files = new Map<string, FileEntry>();
  curation.listen(fileRegister, async (input) => {
    const file = input as FileEntry;
    files.set(file.id, file);
    return file;
  });
  curation.listen(fileGet, async (input) => {
    const { id } = input as { id: string };
    const file = files.get(id);
    if (file === undefined) throw refusal('not_found', `No file ${id}.`, { status: 404 });
    return file;
  });
  curation.listen(fileList, async () => ({ data: [...files.values()], hasMore: false }));
}
