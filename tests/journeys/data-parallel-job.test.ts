// Goal: a job that asks for two devices runs as two processes and ends as any other: with steps, a checkpoint and a model that answers.
// Method: a whole mesh, whose trainer starts the processes under mpiexec because it computes on the processor.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mpiEnvironment, repositoryRoot, startWholeMesh, until, type WholeMesh } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import OpenAI, { toFile } from 'openai';

jest.setTimeout(240_000);

const mpi = mpiEnvironment();
const rows = readFileSync(join(repositoryRoot, 'examples/support-desk/train.jsonl'), 'utf8')
  .split('\n')
  .slice(0, 48)
  .join('\n');

(mpi ? describe : describe.skip)('a job with num_processes = 2', () => {
  let mesh: WholeMesh;
  let client: OpenAI;
  beforeAll(async () => {
    mesh = await startWholeMesh({ environment: { ...mpi, HONE_DEVICE: 'cpu' } });
    client = new OpenAI({ baseURL: `${mesh.url}/v1`, apiKey: mesh.key });
  });
  afterAll(async () => mesh?.stop());

  const started = async (hyperparameters: Record<string, unknown>): Promise<string> => {
    const file = await client.files.create({
      file: await toFile(Buffer.from(rows), 'rows.jsonl'),
      purpose: 'fine-tune',
    });
    const method = { type: 'supervised' as const, supervised: { hyperparameters } };
    return (await client.fineTuning.jobs.create({ model: 'hone-tiny', training_file: file.id, method })).id;
  };

  const ended = async (id: string) => {
    const isOver = ({ status }: { status: string }) => ['succeeded', 'failed', 'cancelled'].includes(status);
    await until(async () => isOver(await client.fineTuning.jobs.retrieve(id)), 120_000);
    return client.fineTuning.jobs.retrieve(id);
  };

  it('trains, keeps checkpoints and gives a model that answers', async () => {
    const id = await started({ n_epochs: 2, batch_size: 4, num_processes: 2 });
    const job = await ended(id);
    expect(job).toMatchObject({ status: 'succeeded', error: null });
    const events = [];
    for await (const event of client.fineTuning.jobs.listEvents(id)) events.push(event);
    const totals = events.flatMap(({ data }) => (data as { total_steps?: number } | null)?.total_steps ?? []);
    // 48 rows less those that are held out, in effective batches of 4 x 2, twice; one process alone would take twice as many.
    const total = totals[0] as number;
    expect(total).toBeGreaterThanOrEqual(8);
    expect(total).toBeLessThanOrEqual(12);
    expect((await client.fineTuning.jobs.checkpoints.list(id)).data[0]).toMatchObject({ step_number: total });
    const answer = await client.chat.completions.create({
      model: String(job.fine_tuned_model),
      messages: [{ role: 'user', content: 'How can I pay?' }],
      max_tokens: 8,
    });
    expect(answer.choices[0]?.message.content).toEqual(expect.any(String));
  });

  it('stops all of its processes when it is cancelled', async () => {
    const id = await started({ n_epochs: 100, batch_size: 4, num_processes: 2 });
    await until(async () => (await client.fineTuning.jobs.retrieve(id)).status === 'running', 60_000);
    await client.fineTuning.jobs.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled', fine_tuned_model: null });
  });
});
