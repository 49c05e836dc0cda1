import type { Digest } from '@hone/base';
import type { DatasetManifest, EvaluationEntry, JobEntry, ModelEntry, ReplyOf, lineageGet } from '@hone/contracts';

export type Lineage = ReplyOf<typeof lineageGet>;
export type LineageNode = Lineage['nodes'][number];

/** A reply stays under the limit of a message, so generations, nodes of single votes and the list of votes are bounded. */
export const generationsMax = 12;
export const feedbackNodesMax = 100;
export const votesMax = 400;

/** A dataset version with the votes that its feedback rows came from. */
export interface DatasetFacts {
  digest: Digest;
  manifest: DatasetManifest;
  votes: readonly { feedback: string; turn?: string | undefined; rating?: string | undefined }[];
}

/** Everything that was gathered about a model's past; what could not be found is simply absent. */
export interface LineageFacts {
  asked: string;
  isAlias: boolean;
  models: readonly ModelEntry[];
  jobs: readonly JobEntry[];
  evaluations: readonly EvaluationEntry[];
  datasets: readonly DatasetFacts[];
}

/** Draws the ancestry: each node names the nodes that it was made from, the asked name first. */
export function assembleLineage(facts: LineageFacts): Lineage {
  const nodes = new Map<string, LineageNode>();
  const add = (node: LineageNode): void => void (nodes.has(node.id) || nodes.set(node.id, node));
  const [first] = facts.models;
  if (facts.isAlias && first) add({ kind: 'alias', id: facts.asked, from: [first.name], facts: {} });
  for (const model of facts.models) add(modelNode(model));
  for (const evaluation of facts.evaluations) add(evaluationNode(evaluation));
  for (const job of facts.jobs) addJob(job, add);
  let room = feedbackNodesMax;
  for (const dataset of facts.datasets) {
    const shown = dataset.votes.slice(0, room);
    room -= shown.length;
    addDataset(dataset, shown, facts.jobs, add);
  }
  const votes = new Set(facts.datasets.flatMap((dataset) => dataset.votes.map((vote) => vote.feedback)));
  return {
    model: first?.name ?? facts.asked,
    nodes: [...nodes.values()],
    votes: [...votes].slice(0, votesMax),
    datasets: facts.datasets.map((dataset) => dataset.digest),
  };
}

function modelNode(model: ModelEntry): LineageNode {
  const evaluations = model.evidence.flatMap((item) => item.evaluation ?? []);
  const from = [...new Set([model.job, model.base, ...evaluations])].filter((id) => id !== undefined);
  const { state, manifest, fingerprint, createdAt, incumbent } = model;
  return {
    kind: model.kind === 'base' ? 'base' : 'model',
    id: model.name,
    from,
    facts: withoutAbsent({ state, manifest, fingerprint, createdAt, incumbent, reason: model.evidence.at(-1)?.reason }),
  };
}

function evaluationNode(evaluation: EvaluationEntry): LineageNode {
  const { verdict, reason, candidate, incumbent, evidence, results } = evaluation;
  const perplexity = Object.fromEntries(results.map((result) => [result.model, result.perplexity.value]));
  const exactMatch = Object.fromEntries(results.map((result) => [result.model, result.exactMatch.value]));
  return {
    kind: 'evaluation',
    id: evaluation.id,
    from: evaluation.dataset ? [evaluation.dataset] : [],
    facts: withoutAbsent({ verdict, reason, candidate, incumbent, evidence, perplexity, exactMatch }),
  };
}

function addJob(job: JobEntry, add: (node: LineageNode) => void): void {
  const { status, model, trainedTokens, seed, retrain, trainingFile } = job;
  const facts = withoutAbsent({ status, model, trainedTokens, seed, trainingFile, reason: retrain?.reason });
  const source = job.shards ?? job.dataset;
  add({ kind: 'job', id: job.id, from: source ? [source] : [], facts });
  if (job.shards) add({ kind: 'shards', id: job.shards, from: job.dataset ? [job.dataset] : [], facts: {} });
}

function addDataset(
  dataset: DatasetFacts,
  shown: DatasetFacts['votes'],
  jobs: readonly JobEntry[],
  add: (node: LineageNode) => void,
): void {
  const { digest, manifest, votes } = dataset;
  const job = jobs.find((candidate) => candidate.dataset === digest);
  const files = manifest.sources.map((source) => source.digest);
  const rows = { train: manifest.splits.train.rows, validation: manifest.splits.validation.rows };
  const facts = { ...rows, refused: manifest.refused.count, feedback: votes.length };
  const parent = manifest.parent ? [manifest.parent] : [];
  add({ kind: 'dataset', id: digest, from: [...new Set([...parent, ...files])], facts });
  for (const { digest: file, role } of manifest.sources) {
    const known = role === 'training' ? job?.trainingFile : role === 'validation' ? job?.validationFile : undefined;
    const from = role === 'feedback' ? shown.map((vote) => vote.feedback) : [];
    add({ kind: 'file', id: file, from, facts: withoutAbsent({ role, file: known }) });
  }
  for (const { feedback, turn, rating } of shown) {
    add({ kind: 'feedback', id: feedback, from: [], facts: withoutAbsent({ turn, rating }) });
  }
}

const withoutAbsent = (facts: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
