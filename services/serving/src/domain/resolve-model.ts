import { type HoneError, fault, refusal, suggest } from '@hone/base';
import type { ModelEntry } from '@hone/contracts';
import type { Snapshot } from './snapshot.js';

/** Which weights answer a request, and why these. */
export interface Resolution {
  model: ModelEntry;
  base: ModelEntry;
  alias?: string;
  experiment?: string;
  arm?: string;
}

interface Arm {
  name: string;
  model: string;
  weight: number;
}

/** Picks an arm of an experiment for a user, always the same one. */
export type Assign = (experiment: string, user: string, arms: readonly Arm[]) => Arm;

/**
 * The model that a name stands for: a model's own name means that model; an alias means its model, or the user's arm while an
 * experiment runs on it.
 */
export function resolveModel(snapshot: Snapshot, name: string, user: string, assign: Assign): Resolution {
  const own = snapshot.models.get(name);
  if (own) return { model: own, base: baseOf(snapshot, own) };
  const alias = snapshot.aliases.get(name);
  if (!alias) throw unknownModel(snapshot, name);
  const experiment = runningOn(snapshot, name);
  const arm = experiment && assign(experiment.name, user, experiment.arms);
  const target = arm?.model ?? alias.model;
  const model = snapshot.models.get(target);
  if (!model) throw notYetKnown(name, target);
  const facts = experiment && arm ? { experiment: experiment.name, arm: arm.name } : {};
  return { model, base: baseOf(snapshot, model), alias: name, ...facts };
}

/** An adapter answers only on the base that it was made from: on any other its numbers mean nothing, and nothing would fail. */
function baseOf(snapshot: Snapshot, model: ModelEntry): ModelEntry {
  if (model.kind === 'base') return model;
  const base = model.base === undefined ? undefined : snapshot.models.get(model.base);
  if (!base) throw notYetKnown(model.name, model.base ?? 'its base');
  if (base.fingerprint !== model.fingerprint) throw wrongBase(model, base);
  return base;
}

function runningOn({ experiments }: Snapshot, alias: string) {
  // At most one runs per alias; should two ever be seen, every replica must take the same one.
  return [...experiments.values()]
    .filter((experiment) => experiment.alias === alias && experiment.status === 'running')
    .sort((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1))[0];
}

export function wrongBase(model: ModelEntry, base: ModelEntry): HoneError {
  const message = `[model ${model.name}] expected the base with fingerprint ${model.fingerprint} but ${base.name} has ${base.fingerprint}`;
  const fix = `fix: import the base that the adapter was trained on under the name ${base.name}, or train the adapter again`;
  return refusal('wrong_base', `${message}; ${fix}`, {
    status: 409,
    param: 'model',
    details: { expected: model.fingerprint, received: base.fingerprint },
  });
}

function unknownModel({ models, aliases }: Snapshot, name: string): HoneError {
  const known = [...aliases.keys(), ...models.keys()];
  const near = suggest(name, known);
  const list = known.slice(0, 5).join(', ');
  const fix = near ? `did you mean "${near}"` : known.length > 0 ? `use one of ${list}` : 'import a base model first';
  return refusal('model_not_found', `[model] expected a known model or alias but received "${name}"; fix: ${fix}`, {
    status: 404,
    param: 'model',
    ...(near ? { details: { suggestion: near } } : {}),
  });
}

/** Entries of one act may be heard one after the other, so a missing one is no refusal for good. */
const notYetKnown = (name: string, target: string): HoneError =>
  fault('model_not_ready', `[model ${name}] expected ${target} in the ledger but it is not there yet; fix: ask again`, {
    retryAfterSeconds: 1,
  });
