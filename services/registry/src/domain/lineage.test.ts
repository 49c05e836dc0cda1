import { digestOf, type Digest } from '@hone/base';
import { exampleDigest, type DatasetManifest, type JobEntry, type ModelEntry } from '@hone/contracts';
import { expect, it } from '@jest/globals';
import { assembleLineage, feedbackNodesMax, generationsMax } from './lineage.js';

const of = (word: string): Digest => digestOf(word);

const dataset = (parent: Digest | undefined, sources: DatasetManifest['sources']): DatasetManifest => ({
  kind: 'dataset',
  ...(parent ? { parent } : {}),
  sources,
  options: { validationFraction: 0.1, seed: 0, feedbackRepeats: 3 },
  splits: { train: { rows: 10, chunks: [] }, validation: { rows: 2, chunks: [] } },
  refused: { count: 0, first: [] },
  redactions: 0,
  duplicates: 0,
});

const model = (name: string, fields: Partial<ModelEntry>): ModelEntry => ({
  name,
  kind: 'adapter',
  manifest: exampleDigest,
  fingerprint: exampleDigest,
  createdAt: 1,
  base: 'tiny',
  evidence: [],
  ...fields,
});

const job = (id: string, fields: Partial<JobEntry>): JobEntry => ({
  id,
  status: 'succeeded',
  model: 'tiny',
  method: 'supervised',
  hyperparameters: {},
  seed: 1,
  metadata: {},
  createdAt: 1,
  cancelRequested: false,
  fence: 1,
  ...fields,
});

function facts(votes: number) {
  return {
    asked: 'desk',
    isAlias: true,
    models: [
      model('ft:2', {
        job: 'ftjob-2',
        incumbent: 'ft:1',
        dataset: of('d2'),
        evidence: [{ state: 'promoted' as const, evaluation: 'eval-2', reason: 'better', at: 2 }],
      }),
      model('ft:1', { job: 'ftjob-1', dataset: of('d1') }),
      model('tiny', { kind: 'base', base: undefined as unknown as string }),
    ],
    jobs: [
      job('ftjob-2', { dataset: of('d2'), shards: of('s2') }),
      job('ftjob-1', { dataset: of('d1'), shards: of('s1'), trainingFile: 'file-1' }),
    ],
    evaluations: [
      {
        id: 'eval-2',
        status: 'succeeded' as const,
        candidate: 'ft:2',
        incumbent: 'ft:1',
        dataset: of('d2'),
        createdAt: 1,
        results: [],
        verdict: 'better' as const,
      },
    ],
    datasets: [
      {
        digest: of('d2'),
        manifest: dataset(of('d1'), [{ digest: of('rows'), role: 'feedback' }]),
        votes: Array.from({ length: votes }, (_, index) => ({
          feedback: `fb-${index}`,
          turn: `chatcmpl-${index}`,
          rating: 'down',
        })),
      },
      { digest: of('d1'), manifest: dataset(undefined, [{ digest: of('file'), role: 'training' }]), votes: [] },
    ],
  };
}

it('leads from the alias back to files and votes, every named node present once', () => {
  const lineage = assembleLineage(facts(3));
  const ids = lineage.nodes.map((node) => node.id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const node of lineage.nodes) for (const from of node.from) expect(ids).toContain(from);
  expect(lineage.nodes.map((node) => node.kind)).toEqual(
    expect.arrayContaining(['alias', 'model', 'evaluation', 'job', 'shards', 'dataset', 'file', 'feedback', 'base']),
  );
  const reached = new Set<string>();
  const visit = (id: string): void => {
    if (reached.has(id)) return;
    reached.add(id);
    lineage.nodes.find((node) => node.id === id)?.from.forEach(visit);
  };
  visit('desk');
  expect([...reached]).toEqual(expect.arrayContaining(['fb-0', 'fb-1', 'fb-2', of('file'), 'tiny', 'eval-2']));
  expect(lineage).toMatchObject({ model: 'ft:2', votes: ['fb-0', 'fb-1', 'fb-2'], datasets: [of('d2'), of('d1')] });
  expect(lineage.nodes.find((node) => node.id === of('file'))?.facts).toEqual({ role: 'training', file: 'file-1' });
});

it('stays under the limit of a message however many votes and generations there are', () => {
  const one = facts(0);
  const long = { verdict: 'better' as const, reason: 'r'.repeat(300), status: 'succeeded' as const, createdAt: 1 };
  const generations = Array.from({ length: generationsMax }, (_, index) => `ftjob-${'0'.repeat(24)}${index}`);
  const lineage = assembleLineage({
    ...one,
    models: generations.map((id) => model(`ft:tiny:hone:desk:${id}`, { job: id, dataset: of(id) })),
    jobs: generations.map((id) => job(id, { dataset: of(id), shards: of(`s${id}`) })),
    evaluations: generations.map((id) => ({ ...long, id: `eval-${id}`, candidate: 'c'.repeat(60), results: [] })),
    datasets: generations.map((id) => ({
      digest: of(id),
      manifest: dataset(of('parent'), [{ digest: of(`rows ${id}`), role: 'feedback' }]),
      votes: Array.from({ length: 500 }, (_, index) => ({
        feedback: `fb-${id.slice(6)}${index}`,
        turn: `chatcmpl-${id.slice(6)}`,
        rating: 'down',
      })),
    })),
  });
  expect(lineage.nodes.filter((node) => node.kind === 'feedback')).toHaveLength(feedbackNodesMax);
  expect(JSON.stringify(lineage).length).toBeLessThan(60_000);
});
