import { asHoneError } from '@hone/base';
import type { ServingState } from './serving-state.js';

const knownWithinMs = 2000;
const retryMs = 50;

/** Loads a model's weights before anyone asks for them; false when that did not work, and the first request will try again. */
export async function warmModel(state: ServingState, name: string): Promise<boolean> {
  const { engine, folders, log } = state.parts;
  try {
    await heardOf(state, name);
    await engine.warm(await folders.weights(state.resolve(name, '')));
    return true;
  } catch (thrown) {
    const { code, message } = asHoneError(thrown);
    log.warn({ model: name, code }, `a model could not be loaded ahead: ${message}`);
    return false;
  }
}

/** Models and aliases are watched apart, so an alias may be heard of before the model that it names. */
async function heardOf(state: ServingState, name: string): Promise<void> {
  const started = state.clock.monotonic();
  while (!state.snapshot.models.has(name) && state.clock.monotonic() - started < knownWithinMs) {
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

/** What aliases name now is what will be asked for; loaded one after the other, while requests are answered already. */
export async function warmAliases(state: ServingState): Promise<void> {
  const { adaptersMax, basesMax } = state.parts.settings;
  const names = [...new Set([...state.snapshot.aliases.values()].map(({ model }) => model))];
  for (const name of names.slice(0, Math.max(adaptersMax, basesMax))) await warmModel(state, name);
}
