// Loading: what is tried, what is said when nothing loads, and that threads come and go.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { addonCandidates, loadAddon, memoryStats } from './index.js';

/** Runs a script in a worker thread with the addon's path, and answers with its one message. */
function inWorker(script: string): { worker: Worker; message: Promise<unknown> } {
  const path = addonCandidates({}).find((candidate) => candidate.includes('release'));
  const worker = new Worker(script, { eval: true, workerData: path });
  const message = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { worker, message };
}

const START = `
  const { parentPort, workerData } = require('node:worker_threads');
  const native = require(workerData);
  native.init(0, '');
  const x = native.tensorAlloc(0, 0, 64, 64, -1, -1);
`;

describe('the loader', () => {
  it('looks first where HONE_NATIVE_ADDON points, then in the build directory', () => {
    const places = addonCandidates({ HONE_NATIVE_ADDON: '/somewhere/hone.node' });
    expect(places[0]).toBe('/somewhere/hone.node');
    expect(places[1]).toMatch(/native\/build\/release\/hone\.node$/);
  });

  it('lists every attempt with its reason, and the remedy', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hone-native-'));
    const broken = join(directory, 'hone.node');
    writeFileSync(broken, 'not a library');
    try {
      expect(() => loadAddon(['/nowhere/hone.node', broken])).toThrow(
        expect.objectContaining({ code: 'NATIVE_NOT_LOADED', kind: 'fault' }),
      );
      expect(() => loadAddon(['/nowhere/hone.node', broken])).toThrow(
        /\/nowhere\/hone\.node: no such file\n.*hone\.node: .+\nfix: run `npm run build:native`/,
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('worker threads', () => {
  it('load the addon and compute, several at once', async () => {
    const script = `${START}
      native.ops.tensorFill(x, 2);
      for (let i = 0; i < 50; i++) native.ops.tensorScale(x, 1);
      const out = new Float32Array(1);
      native.tensorRead(x, out, 4095);
      native.tensorFree(x);
      parentPort.postMessage(out[0]);`;
    const started = [1, 2, 3].map(() => inWorker(script));
    expect(await Promise.all(started.map(({ message }) => message))).toEqual([2, 2, 2]);
    await Promise.all(started.map(({ worker }) => worker.terminate()));
  });

  it('can be ended in the middle of their work, again and again', async () => {
    const script = `${START}
      parentPort.postMessage('busy');
      for (;;) native.ops.tensorScale(x, 1);`;
    for (let round = 0; round < 5; round += 1) {
      const { worker, message } = inWorker(script);
      expect(await message).toBe('busy');
      expect(await worker.terminate()).toBe(1);
    }
    // What the ended threads held was freed with them.
    expect(memoryStats('cpu')).toMatchObject({ liveBytes: 0, liveTensors: 0 });
  });
});
