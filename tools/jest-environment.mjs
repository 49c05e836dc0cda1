// Jest's environment for Node, and one law for every suite that has tensors: when its last hook has run, as many bytes live on the
// device as before its first. A suite that leaks fails, whatever its tests say.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { root } from './workspace.mjs';

const fromJest = createRequire(createRequire(import.meta.url).resolve('jest/package.json'));
const { TestEnvironment } = createRequire(fromJest.resolve('@jest/core'))('jest-environment-node');

const addonPath = process.env.HONE_NATIVE_ADDON ?? `${root}/native/build/release/hone.node`;
const cpu = 0;

/** Undefined until a suite of this process has loaded the library: whoever needs none must not wait for it. */
function liveMemory() {
  const maps = '/proc/self/maps';
  if (!existsSync(maps) || !readFileSync(maps, 'utf8').includes(addonPath)) return undefined;
  const { liveBytes, liveTensors } = createRequire(import.meta.url)(addonPath).memoryStats(cpu);
  return { liveBytes, liveTensors };
}

export default class HoneEnvironment extends TestEnvironment {
  #before;
  #path;

  constructor(config, context) {
    super(config, context);
    this.#path = context.testPath;
  }

  async setup() {
    await super.setup();
    this.#before = liveMemory() ?? { liveBytes: 0, liveTensors: 0 };
  }

  /** An error beside those of the tests, so that a failing test that left its tensors alive tells both. */
  handleTestEvent({ name }, state) {
    if (name !== 'run_finish') return;
    const after = liveMemory();
    if (!after || after.liveBytes <= this.#before.liveBytes) return;
    const [bytes, tensors] = ['liveBytes', 'liveTensors'].map((count) => after[count] - this.#before[count]);
    const message = `[leak] expected ${this.#path} to free every tensor but ${bytes} bytes of ${tensors} tensors still live; fix: free them in the test or in afterAll`;
    state.unhandledErrors.push(new Error(message));
  }
}
