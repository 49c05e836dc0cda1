import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { repositoryRoot } from './repository-root.js';

export interface Minio {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Where it keeps its objects. */
  directory: string;
  stop(): Promise<void>;
}

/** `HONE_MINIO`, or what `tools/minio.sh` built; nothing where neither is there. */
export function minioPath(): string | undefined {
  const path = process.env['HONE_MINIO'] ?? join(repositoryRoot, '.toolchain/bin/minio');
  return existsSync(path) ? path : undefined;
}

/** A real MinIO server on the loopback with keys of its own. */
export async function startMinio(): Promise<Minio> {
  const binary = minioPath();
  if (binary === undefined) throw new Error('[testkit] expected a MinIO server but found none; fix: sh tools/minio.sh');
  const directory = await mkdtemp(join(tmpdir(), 'hone-minio-'));
  const port = await freePort();
  const keys = {
    MINIO_ROOT_USER: randomBytes(8).toString('hex'),
    MINIO_ROOT_PASSWORD: randomBytes(16).toString('hex'),
  };
  const child = spawn(
    binary,
    ['server', directory, '--quiet', '--address', `127.0.0.1:${port}`, '--console-address', '127.0.0.1:0'],
    {
      env: { ...process.env, ...keys, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off', CI: '1' },
      stdio: 'ignore',
    },
  );
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await ended(child);
    await rm(directory, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 300 && child.exitCode === null; tries++) {
    const isReady = await fetch(`${endpoint}/minio/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady)
      return {
        endpoint,
        accessKeyId: keys.MINIO_ROOT_USER,
        secretAccessKey: keys.MINIO_ROOT_PASSWORD,
        directory,
        stop,
      };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await stop();
  throw new Error('[testkit] MinIO did not become ready');
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
