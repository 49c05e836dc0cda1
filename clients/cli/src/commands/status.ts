import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.js';
import { Home } from '../home.js';
import { show, table } from '../show/talk.js';
import { freeBytesEnough, fullDiskText } from '../up/free-space.js';
import { isNatsReady } from '../up/nats-server.js';
import { leftOver } from '../up/left-over.js';
import { isAlive, isOurs, type MeshState, readState } from '../up/state.js';
import { healthOf } from '../up/supervisor.js';
import { type CommonOptions, withJson } from './command.js';

export function addStatus(program: Command): void {
  withJson(program.command('status'))
    .description('what runs: the URL, the file of the API key, and the state of every service')
    .action(async ({ json }: CommonOptions) => {
      const state = readState(new Home());
      const status = await statusOf(new Home(), state);
      show(json === true, status, () => textOf(status));
      if (status.status !== 'up') process.exitCode = exitCodes.unavailable;
    });
}

interface ServiceStatus {
  state: string;
  pid: number | null;
  restarts: number;
  /** Where it computes and why there; absent for a service that computes nothing. */
  device?: string;
}

export interface MeshStatus {
  /** `orphaned`: the supervisor was killed and its children still run. */
  status: 'up' | 'starting' | 'degraded' | 'orphaned' | 'down';
  url: string | null;
  api_key_file: string | null;
  home: string;
  pid: number | null;
  /** What is wrong beside the services, e.g. a full disk. */
  trouble: string | null;
  services: Record<string, ServiceStatus>;
}

async function statusOf(home: Home, state: MeshState | undefined): Promise<MeshStatus> {
  const isSupervised = state !== undefined && isAlive(state.pid) && isOurs(state.pid, home);
  if (state === undefined || (!isSupervised && leftOver(home, state).length === 0))
    return { status: 'down', url: null, api_key_file: null, home: home.root, pid: null, trouble: null, services: {} };
  const services: Record<string, ServiceStatus> = {};
  await Promise.all(
    Object.entries(state.services).map(async ([name, { pid, state: kept, restarts, port }]) => {
      const isBus = name === 'nats-server';
      const { isReady, facts } = isBus ? { isReady: await isNatsReady(port), facts: {} } : await healthOf(port);
      const state = isReady ? 'ready' : kept === 'running' ? 'starting' : kept;
      const { device } = facts as { device?: string };
      services[name] = { state, pid, restarts, ...(device !== undefined && { device }) };
    }),
  );
  const sorted = Object.fromEntries(Object.entries(services).sort(([a], [b]) => a.localeCompare(b)));
  const isAllReady = Object.values(services).every((service) => service.state === 'ready');
  const trouble = fullDiskText(home, freeBytesEnough) ?? null;
  const supervised = isAllReady && trouble === null ? 'up' : state.isReady ? 'degraded' : 'starting';
  return {
    status: isSupervised ? supervised : 'orphaned',
    url: state.url,
    api_key_file: state.apiKeyFile,
    home: home.root,
    pid: isSupervised ? state.pid : null,
    trouble,
    services: sorted,
  };
}

function textOf({ status, url, api_key_file, trouble, services }: MeshStatus): string {
  if (url === null) return 'Hone is down; start it: npx hone up';
  const rows = Object.entries(services).map(([name, { state, pid, restarts, device }]) => [
    name,
    state,
    pid ?? '-',
    restarts,
    device ?? '',
  ]);
  const advice = status === 'orphaned' ? '; its supervisor has ended, nothing is restarted: npx hone down' : '';
  return `Hone is ${status} at ${url}/v1, key in ${api_key_file}${advice}\n${trouble === null ? '' : `${trouble}\n`}${table(['service', 'state', 'pid', 'restarts', 'computes on'], rows)}`;
}
