// Goal: a team whose mesh has a GPU fine-tunes and chats as any other, and every process says where it computes.
// Method: a whole mesh whose trainer and serving open the emulated card; few rows and few tokens, because kernels run there thread by thread.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emulatedCardEnvironment, repositoryRoot, startWholeMesh, until, type WholeMesh } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import OpenAI, { toFile } from 'openai';

jest.setTimeout(300_000);

const card = emulatedCardEnvironment();
const rows = readFileSync(join(repositoryRoot, 'examples/support-desk/train.jsonl'), 'utf8')
  .split('\n')
  .slice(0, 10)
  .join('\n');

(card ? describe : describe.skip)('a mesh with a GPU', () => {
  let mesh: WholeMesh;
  let client: OpenAI;
  beforeAll(async () => {
    mesh = await startWholeMesh({ environment: { ...card, HONE_SERVING_WARM: 'false' } });
    client = new OpenAI({ baseURL: `${mesh.url}/v1`, apiKey: mesh.key, timeout: 200_000 });
  });
  afterAll(async () => mesh?.stop());

  it('trains an adapter over a 4-bit base and chats with it', async () => {
    const file = await client.files.create({
      file: await toFile(Buffer.from(rows), 'rows.jsonl'),
      purpose: 'fine-tune',
    });
    const hyperparameters = { n_epochs: 1, batch_size: 4 };
    const { id } = await client.fineTuning.jobs.create({
      model: 'hone-tiny',
      training_file: file.id,
      method: { type: 'supervised', supervised: { hyperparameters: { ...hyperparameters, method: 'qlora' } as never } },
    });
    const isOver = ({ status }: { status: string }) => ['succeeded', 'failed', 'cancelled'].includes(status);
    await until(async () => isOver(await client.fineTuning.jobs.retrieve(id)), 200_000);
    const job = await client.fineTuning.jobs.retrieve(id);
    expect(job).toMatchObject({ status: 'succeeded', error: null });
    const chat = (model: string) =>
      client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: 'How can I pay?' }],
        max_tokens: 4,
        temperature: 0,
        logprobs: true,
      });
    const answer = await chat(String(job.fine_tuned_model));
    expect(answer.choices[0]?.message.content).toEqual(expect.any(String));
    for (const { logprob } of answer.choices[0]?.logprobs?.content ?? []) expect(logprob).toBeLessThanOrEqual(0);
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
  });

  it('says where it computes: the trainer to whoever asked for the job, serving in its log', async () => {
    const [job] = (await client.fineTuning.jobs.list()).data;
    const events = [];
    for await (const event of client.fineTuning.jobs.listEvents(String(job?.id))) events.push(event);
    const reasons = events.map(({ data }) => (data as { why?: string } | null)?.why).filter(Boolean);
    expect(reasons).toEqual([expect.stringContaining('HONE_DEVICE=cuda')]);
    expect(readFileSync(join(mesh.home, 'logs', 'serving.log'), 'utf8')).toMatch(
      /"device":"cuda","why":"HONE_DEVICE=cuda/,
    );
    const status = await mesh.cli('status');
    expect(status.stdout).toMatch(/serving .*HONE_DEVICE=cuda/);
  });
});
