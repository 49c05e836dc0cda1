// Goal: a GPU that cannot be used is refused with what is wrong and what helps, before anything is read for it. Method: the emulated
// card behind an old driver, or none, or beside a process that holds most of its memory; what `hone doctor` says, and a process that asks.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emulatedCardEnvironment, repositoryRoot } from '@hone/testkit';
import { afterAll, describe, expect, it } from '@jest/globals';

const card = emulatedCardEnvironment();
const home = mkdtempSync(join(tmpdir(), 'hone-card-open-'));
afterAll(() => rmSync(home, { recursive: true }));

const started = (program: string, args: readonly string[], env: Record<string, string>) =>
  spawnSync(process.execPath, [join(repositoryRoot, program), ...args], {
    encoding: 'utf8',
    env: { ...process.env, HONE_HOME: home, ...card, ...env },
  });

interface Choice {
  readonly device?: string;
  readonly why: string;
}

/** Which device a process would compute on, and why. */
const choiceUnder = (env: Record<string, string>): Choice =>
  JSON.parse(started('libs/ml/native/dist/probe-card.js', [], env).stdout) as Choice;

/** What the doctor says of the GPU, and its exit code. */
function doctorUnder(env: Record<string, string>) {
  const { stdout, status } = started('clients/cli/dist/main.js', ['doctor', '--json'], env);
  const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean; found: string }[] };
  return { ...(checks.find(({ name }) => name === 'GPU') as (typeof checks)[number]), status };
}

interface Refusal {
  readonly name: string;
  readonly env: Record<string, string>;
  readonly says: RegExp;
}

const refusals: Refusal[] = [
  {
    name: 'a driver that is older than the runtime',
    env: { HONE_EMULATOR_DRIVER: '12040' },
    // Both versions, and either way out.
    says: /a driver for CUDA 13\.\d but it serves CUDA 12\.4; fix: update the driver, or build with a CUDA 12 toolkit/,
  },
  {
    name: 'a machine without a driver',
    env: { HONE_EMULATOR_DRIVER: '0' },
    says: /an NVIDIA driver \(libcuda\.so\.1\) but found none; fix: install the driver/,
  },
  {
    name: 'a share of the memory that another process holds',
    env: { HONE_CUDA_MEMORY: '0.5', HONE_EMULATOR_HELD: `${6 * 2 ** 30}` },
    says: /HONE_CUDA_MEMORY=0\.5 asks for 4294967296 bytes but 2147483648 are free on emulated sm_90; fix: ask for less, or free/,
  },
  {
    name: 'bytes that another process holds',
    env: { HONE_CUDA_MEMORY: '3000000000', HONE_EMULATOR_HELD: `${6 * 2 ** 30}` },
    says: /HONE_CUDA_MEMORY=3000000000 asks for 3000000000 bytes but 2147483648 are free/,
  },
  {
    name: 'a GPU that others fill',
    env: { HONE_EMULATOR_HELD: `${8 * 2 ** 30 - 2 ** 27}` },
    says: /134217728 of 8589934592 bytes free; fix: `nvidia-smi` tells which processes hold the rest/,
  },
];

(card ? describe : describe.skip)('a process that wants a GPU', () => {
  it.each(refusals)('is told of $name', ({ env, says }) => {
    const asked = choiceUnder({ ...env, HONE_DEVICE: 'cuda' });
    expect(asked.device).toBeUndefined();
    expect(asked.why).toMatch(says);
    const auto = choiceUnder({ ...env, HONE_DEVICE: 'auto' });
    expect(auto.device).toBe('cpu');
    expect(auto.why).toMatch(/^HONE_DEVICE=auto, and no GPU: /);
    expect(auto.why).toMatch(says);
  });

  // No machine would make this setting right, so it is not passed over either.
  it.each(['cuda', 'auto'])('is told of a share that is none, with HONE_DEVICE=%s', (device) => {
    const { device: chosen, why } = choiceUnder({ HONE_DEVICE: device, HONE_CUDA_MEMORY: '0' });
    expect(chosen).toBeUndefined();
    expect(why).toMatch(
      /for HONE_CUDA_MEMORY but received 0; fix: set it to bytes or a share such as 0\.5, or leave it unset/,
    );
  });

  it('is told by the doctor too, which fails where the GPU was asked for by name', () => {
    const { env, says } = refusals[0] as Refusal;
    const asked = doctorUnder({ ...env, HONE_DEVICE: 'cuda' });
    expect(asked).toMatchObject({ ok: false, status: 1, found: expect.stringMatching(says) });
    expect(doctorUnder({ ...env, HONE_DEVICE: 'auto' })).toMatchObject({
      ok: true,
      found: expect.stringMatching(says),
    });
  });

  it('shares it with another one that leaves enough', () => {
    const env = { HONE_DEVICE: 'cuda', HONE_CUDA_MEMORY: '0.25', HONE_EMULATOR_HELD: `${4 * 2 ** 30}` };
    expect(choiceUnder(env).device).toBe('cuda');
    // A driver serves every runtime of its own major version, and those before.
    for (const version of ['13000', '13020', '14000'])
      expect(choiceUnder({ HONE_DEVICE: 'cuda', HONE_EMULATOR_DRIVER: version }).device).toBe('cuda');
  });
});
