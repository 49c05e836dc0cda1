import type { HoneError } from '@hone/base';
import { aliasEntry, experimentEntry, ledgers, modelEntry } from '@hone/contracts';
import { inTrace, traced } from '@hone/telemetry';
import { changed } from '../domain/snapshot.js';
import type { ServingState } from './serving-state.js';

/** Keeps the snapshot up with the ledger. Resolves when everything that is there now is in it. */
export async function followModels(
  state: ServingState,
  { signal, failed }: { signal: AbortSignal; failed: (error: HoneError) => void },
): Promise<void> {
  const { mesh } = state.parts;
  const models = mesh.ledger(ledgers.models, 'model', modelEntry);
  const aliases = mesh.ledger(ledgers.models, 'alias', aliasEntry);
  const experiments = mesh.ledger(ledgers.models, 'experiment', experimentEntry);
  /** Ledger ids of models are hashes of their names. */
  const nameOf = new Map<string, string>();
  let isStarted = false;
  const options = { signal, failed };
  await models.watch((change) => {
    const id = change.type === 'put' ? change.entry.id : change.id;
    const name = change.type === 'put' ? change.entry.value.name : nameOf.get(id);
    if (name === undefined) return;
    nameOf.set(id, name);
    state.snapshot = changed(state.snapshot, 'models', name, change.type === 'put' ? change.entry.value : undefined);
  }, options);
  await experiments.watch((change) => {
    const id = change.type === 'put' ? change.entry.id : change.id;
    state.snapshot = changed(state.snapshot, 'experiments', id, change.type === 'put' ? change.entry.value : undefined);
  }, options);
  await aliases.watch(async (change) => {
    const name = change.type === 'put' ? change.entry.id : change.id;
    const value = change.type === 'put' ? change.entry.value : undefined;
    const before = state.snapshot.aliases.get(name)?.model;
    state.snapshot = changed(state.snapshot, 'aliases', name, value);
    if (isStarted && value && value.model !== before) await tellMoved(state, name, value.model, value.traceparent);
  }, options);
  isStarted = true;
}

/** The end of the circle: a span in the trace of the feedback that caused it says that requests now get the new model. */
async function tellMoved(
  state: ServingState,
  alias: string,
  model: string,
  traceparent: string | undefined,
): Promise<void> {
  await inTrace(traceparent, () =>
    traced('hone.serving.alias.moved', { 'hone.alias': alias, 'gen_ai.response.model': model }, async () => {
      state.parts.log.info({ alias, model }, 'the alias has moved');
    }),
  );
}
