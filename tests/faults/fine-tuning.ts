// What the tests about faults have in common: a client of the mesh, small files of rows, and jobs followed to their end.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOfBytes } from '@hone/base';
import { until, type WholeMesh } from '@hone/testkit';
import OpenAI, { toFile } from 'openai';

export type Job = OpenAI.FineTuning.FineTuningJob;

/** The official client; it asks again by itself when a service is away. */
export const clientOf = (mesh: WholeMesh, maxRetries = 8): OpenAI =>
  new OpenAI({ baseURL: `${mesh.url}/v1`, apiKey: mesh.key, maxRetries });

/** Different rows that a small model learns quickly. */
export const rows = (count: number): string =>
  Array.from({ length: count }, (_, row) => {
    const messages = [
      { role: 'user', content: `What is the colour of box number ${row}?` },
      { role: 'assistant', content: `Box number ${row} is ${['red', 'green', 'blue', 'white'][row % 4]}.` },
    ];
    return `${JSON.stringify({ messages })}\n`;
  }).join('');

export const upload = async (client: OpenAI, text: string | Uint8Array): Promise<string> =>
  (await client.files.create({ file: await toFile(Buffer.from(text as string), 'rows.jsonl'), purpose: 'fine-tune' }))
    .id;

export const isOver = ({ status }: Job): boolean => ['succeeded', 'failed', 'cancelled'].includes(status);

/** The job when it is over; a service that is away meanwhile is waited for. */
export async function ended(client: OpenAI, id: string, limitMs = 180_000): Promise<Job> {
  let job: Job | undefined;
  await until(async () => {
    job = await client.fineTuning.jobs.retrieve(id).catch(() => undefined);
    return job !== undefined && isOver(job);
  }, limitMs);
  return job as Job;
}

export interface Step {
  step: number;
  loss: number;
}

/** Every event of a job, oldest first. */
export async function eventsOf(client: OpenAI, id: string): Promise<OpenAI.FineTuning.FineTuningJobEvent[]> {
  const events = [];
  for await (const event of client.fineTuning.jobs.listEvents(id, { limit: 100 })) events.push(event);
  return events.reverse();
}

export const stepsOf = (events: readonly OpenAI.FineTuning.FineTuningJobEvent[]): Step[] =>
  events
    .map(({ data }) => (data ?? {}) as { step?: number; train_loss?: number; total_steps?: number })
    .filter((data) => data.total_steps !== undefined && data.train_loss !== undefined)
    .map(({ step, train_loss: loss }) => ({ step: Number(step), loss: Number(loss) }))
    .sort((a, b) => a.step - b.step);

/** The last step that a job has told. */
export async function stepReached(client: OpenAI, id: string): Promise<number> {
  const { data } = await client.fineTuning.jobs.listEvents(id, { limit: 10 });
  return stepsOf(data).at(-1)?.step ?? 0;
}

/** The files of a model by their digests, as its manifest in the object store names them. */
export async function filesOf(mesh: WholeMesh, model: string): Promise<Record<string, string>> {
  const response = await mesh.call('GET', `/v1/lineage/${encodeURIComponent(model)}`);
  const { nodes } = (await response.json()) as { nodes: { id: string; facts: { manifest?: string } }[] };
  const digest = nodes.find(({ id }) => id === model)?.facts.manifest ?? '';
  const { files } = JSON.parse(readFileSync(objectPath(mesh, digest), 'utf8')) as {
    files: { path: string; digest: string }[];
  };
  return Object.fromEntries(files.map((file) => [file.path, file.digest]));
}

/** Where an object of the mesh lies on the disk. */
export function objectPath(mesh: WholeMesh, digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return join(mesh.home, 'objects/objects', hex.slice(0, 2), hex.slice(2));
}

export const digestOfFile = (path: string): string => digestOfBytes(readFileSync(path));

/** The models that a job has brought. */
export async function modelsOf(client: OpenAI, job: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { id } of client.models.list()) if (id.endsWith(job.slice(-8))) names.push(id);
  return names;
}
