import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cardProbeMain, cudaLibrary } from '../checkout.js';
import type { Check } from './check.js';

/** What libs/ml/native/src/probe-card.ts prints. */
interface Choice {
  device?: 'cpu' | 'cuda';
  why: string;
  card?: {
    name: string;
    computeCapability: number;
    driverVersion: number;
    runtimeVersion: number;
    totalBytes: number;
    budgetBytes: number;
  };
}

const gigabyte = 1024 ** 3;

/** Driver, library, and whether the GPU is used. A machine without one is healthy, unless HONE_DEVICE asks for one. */
export function gpuChecks(): Check[] {
  return [driver(), library(), device()];
}

function driver(): Check {
  const path = '/proc/driver/nvidia/version';
  const version = existsSync(path) ? /Module\s+([\d.]+)/.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
  const libraries = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout ?? '';
  const libcuda = /libcuda\.so\.1 .*=> (\S+)/.exec(libraries)?.[1];
  const found = version === undefined ? 'no NVIDIA driver' : `NVIDIA ${version}`;
  return { name: 'GPU driver', ok: true, found: `${found}, ${libcuda ?? 'no libcuda.so.1'}` };
}

function library(): Check {
  const named = process.env['HONE_CUDA_LIBRARY'];
  const path = named === undefined || named === '' ? cudaLibrary : named;
  if (!existsSync(path)) {
    const isAsked = path === named;
    const found = `not built (${path}); npm run build:cuda builds it`;
    return { name: 'GPU library', ok: !isAsked, found, fix: 'point HONE_CUDA_LIBRARY at a built libhone_cuda.so' };
  }
  return { name: 'GPU library', ok: true, found: `${path}${architectures(path)}` };
}

/** What the build wrote beside the library. */
function architectures(path: string): string {
  const facts = path.replace(/\.so$/, '.json');
  if (facts === path || !existsSync(facts)) return '';
  const { toolkit, code } = JSON.parse(readFileSync(facts, 'utf8')) as { toolkit: string; code: string[] };
  return `, CUDA ${toolkit}, for ${code.join(', ')}`;
}

/** Asked in a process of its own, as the native library is. */
function device(): Check {
  const { status, stdout } = spawnSync(process.execPath, [cardProbeMain], { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) return { name: 'GPU', ok: true, found: 'not asked: the native library does not load' };
  const { device: chosen, why, card } = JSON.parse(stdout) as Choice;
  if (chosen === 'cuda' && card !== undefined) return { name: 'GPU', ok: true, found: `used: ${describe(card)}` };
  const fix = 'the reason says what is missing; HONE_DEVICE=cpu does without a GPU';
  return { name: 'GPU', ok: chosen !== undefined, found: `not used: ${why}`, fix };
}

const describe = (card: NonNullable<Choice['card']>): string =>
  `${card.name}, sm_${card.computeCapability}, ${gigabytes(card.totalBytes)} of which Hone may take ` +
  `${gigabytes(card.budgetBytes)}; the driver serves CUDA ${version(card.driverVersion)}, the library was built with ` +
  version(card.runtimeVersion);

const gigabytes = (bytes: number): string => `${(bytes / gigabyte).toFixed(1)} GB`;

/** 13020 is 13.2. */
const version = (code: number): string => `${Math.floor(code / 1000)}.${Math.floor((code % 1000) / 10)}`;
