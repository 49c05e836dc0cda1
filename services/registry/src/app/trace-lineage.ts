import { type Digest, HoneError } from '@hone/base';
import {
  datasetManifest,
  evaluationGet,
  type EvaluationEntry,
  jobGet,
  type JobEntry,
  type ModelEntry,
} from '@hone/contracts';
import { assembleLineage, type DatasetFacts, generationsMax, type Lineage, votesMax } from '../domain/lineage.js';
import { modelId } from '../domain/model-id.js';
import { voteOf } from '../domain/vote-of-row.js';
import { findModel, unknownModel } from './get-model.js';
import type { RegistryState } from './registry-state.js';

/** Gathers a model's whole past: the models it succeeded, their jobs, verdicts, dataset versions, files and votes. */
export async function traceLineage(state: RegistryState, name: string): Promise<Lineage> {
  const found = await findModel(state, name);
  if (!found) throw await unknownModel(state, name);
  const models = await generations(state, found.model);
  const jobs: JobEntry[] = [];
  const evaluations: EvaluationEntry[] = [];
  for (const model of models) {
    if (model.job) jobs.push(...(await ifKnown(() => state.mesh.request(jobGet, { id: model.job ?? '' }))));
    for (const id of new Set(model.evidence.flatMap((item) => item.evaluation ?? []))) {
      evaluations.push(...(await ifKnown(() => state.mesh.request(evaluationGet, { id }))));
    }
  }
  const datasets = await versions(
    state,
    models.flatMap((model) => model.dataset ?? []),
  );
  return assembleLineage({ asked: name, isAlias: found.isAlias, models, jobs, evaluations, datasets });
}

/** The model, its base and the incumbents that they succeeded, newest first; older ones are in the lineage of the oldest told. */
async function generations(state: RegistryState, first: ModelEntry): Promise<ModelEntry[]> {
  const models = new Map<string, ModelEntry>([[first.name, first]]);
  const waiting = [first];
  for (let model = waiting.shift(); model !== undefined; model = waiting.shift()) {
    for (const name of [model.incumbent, model.base]) {
      if (name === undefined || models.has(name) || models.size === generationsMax) continue;
      const entry = await state.models.get(modelId(name));
      if (!entry) continue;
      models.set(name, entry.value);
      waiting.push(entry.value);
    }
  }
  return [...models.values()];
}

async function versions(state: RegistryState, digests: readonly Digest[]): Promise<DatasetFacts[]> {
  const facts = new Map<Digest, DatasetFacts>();
  const waiting = [...digests];
  for (let digest = waiting.shift(); digest !== undefined; digest = waiting.shift()) {
    if (facts.has(digest) || facts.size === generationsMax) continue;
    const manifest = await state.store.getManifest(digest, datasetManifest);
    const votes = [];
    for (const source of manifest.sources) {
      if (source.role === 'feedback') votes.push(...(await votesIn(state, source.digest)));
    }
    facts.set(digest, { digest, manifest, votes });
    if (manifest.parent) waiting.push(manifest.parent);
  }
  return [...facts.values()];
}

async function votesIn(state: RegistryState, rows: Digest): Promise<DatasetFacts['votes'][number][]> {
  const lines = new TextDecoder().decode(await state.store.get(rows)).split('\n');
  return lines.flatMap((line) => voteOf(line) ?? []).slice(0, votesMax);
}

/** What another service no longer knows is a gap in the picture, not a failure; a service that is away is a failure. */
async function ifKnown<T>(ask: () => Promise<T>): Promise<T[]> {
  try {
    return [await ask()];
  } catch (thrown) {
    if (thrown instanceof HoneError && thrown.status === 404) return [];
    throw thrown;
  }
}
