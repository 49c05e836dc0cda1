import type { HoneError } from '@hone/base';
import { aliasEntry, experimentEntry, ledgers, modelEntry } from '@hone/contracts';
import { attributes, inTrace, traced } from '@hone/telemetry';
import { changed } from '../domain/snapshot.js';
import type { ServingState } from './serving-state.js';
import { warmModel } from './warm-model.js';

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
    const isMove = isStarted && value !== undefined && value.model !== state.snapshot.aliases.get(name)?.model;
    const flip = (): void => void (state.snapshot = changed(state.snapshot, 'aliases', name, value));
    if (isMove) await moveAlias(state, name, value, flip);
    else flip();
  }, options);
  isStarted = true;
}

/**
 * The end of the circle: a span in the trace of the feedback that caused it says that requests now get the new model. The
 * weights are loaded first, so that nobody waits for them; until then, and in requests under way, the old model answers.
 */
async function moveAlias(
  state: ServingState,
  alias: string,
  { model, traceparent }: { model: string; traceparent?: string | undefined },
  flip: () => void,
): Promise<void> {
  const facts = { 'hone.alias': alias, [attributes.responseModel]: model };
  await inTrace(traceparent, () =>
    traced('hone.serving.alias.moved', facts, async (span) => {
      const isWarm = await warmModel(state, model);
      flip();
      span.setAttribute('hone.serving.warm', isWarm);
      state.parts.log.info({ alias, model, isWarm }, 'the alias has moved');
    }),
  );
}
