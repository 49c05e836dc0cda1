// The engine thread: it holds the models and computes; nothing else of the process runs here.
import { parentPort, workerData } from 'node:worker_threads';
import { asHoneError, assert } from '@hone/base';
import { chooseDevice, init } from '@hone/tensor';
import type { GenerationOutput } from '../generation.js';
import type { TextEngine } from '../text-engine.js';
import type { EngineCommand, EngineNews, EngineThreadOptions } from './protocol.js';
import { ResidentBases } from './resident-bases.js';

assert(parentPort, '[engine] the engine runs in a worker thread');
const port = parentPort;
const { device, why, card } = chooseDevice();
init({ device });
tell({ type: 'device', device, why, card: card?.name });
const bases = new ResidentBases(workerData as EngineThreadOptions, {
  loading: (isLoading) => tell({ type: 'loading', isLoading }),
  composed: (base, why) => tell({ type: 'composed', base, why }),
  shortened: (base, lengthMax, why) => tell({ type: 'shortened', base, lengthMax, why }),
});
const commands: Exclude<EngineCommand, { type: 'ping' }>[] = [];
let isRunning = false;

port.on('message', (command: EngineCommand) => {
  if (command.type === 'ping') return tell({ type: 'pong' });
  commands.push(command);
  if (!isRunning) void run();
});

/** Works until nothing is left to do; the next command starts it again. */
async function run(): Promise<void> {
  isRunning = true;
  for (;;) {
    for (let command = commands.shift(); command; command = commands.shift()) await obey(command);
    const busy = bases.busy;
    if (busy.length === 0 && commands.length === 0) break;
    if (busy.length > 0) step(busy);
    // One turn of the event loop, so that commands sent meanwhile take effect before the next step.
    await new Promise((resolve) => setImmediate(resolve));
  }
  isRunning = false;
  tell({ type: 'idle', residents: bases.load });
}

function step(busy: readonly TextEngine[]): void {
  const started = performance.now();
  const outputs: GenerationOutput[] = busy.flatMap((engine) => engine.step());
  tell({ type: 'step', outputs, milliseconds: performance.now() - started, residents: bases.load });
  const lost = busy.find((engine) => engine.lost !== undefined)?.lost;
  // Nothing that lies on a lost GPU can be used again, by this process least of all.
  if (lost) throw lost;
}

async function obey(command: Exclude<EngineCommand, { type: 'ping' }>): Promise<void> {
  if (command.type === 'abort') return bases.abort(command.id);
  try {
    tell(await answer(command));
  } catch (thrown) {
    tell({ type: 'refused', call: command.call, error: asHoneError(thrown).toJSON() });
  }
}

async function answer(command: Exclude<EngineCommand, { type: 'abort' | 'ping' }>): Promise<EngineNews> {
  const { call } = command;
  if (command.type === 'look') return { type: 'reply', call, value: bases.stats };
  if (command.type === 'template') return { type: 'reply', call, value: await bases.template(command.base) };
  const engine = await bases.engine(command.base, command.adapter);
  const adapter = command.adapter?.key;
  if (command.type === 'generate') {
    return { type: 'reply', call, value: engine.start({ ...command.request, adapter }) };
  }
  if (command.type === 'score') engine.startScore({ ...command.request, adapter });
  return { type: 'reply', call, value: undefined };
}

function tell(news: EngineNews): void {
  port.postMessage(news);
}
