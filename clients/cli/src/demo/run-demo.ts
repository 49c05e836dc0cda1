import { ask, connection } from '../api/connection.js';
import { importFolder } from '../api/import-folder.js';
import { bundledModel } from '../checkout.js';
import { CliError } from '../exit-codes.js';
import type { Home } from '../home.js';
import { spansOf, writeSpan } from '../trace/spans.js';
import { newTraceparent, spanIdOf, traceIdOf } from '../trace/traceparent.js';
import { keepAsking } from './background-chats.js';
import { evaluationOf, firstTuning, promotion, watched } from './learn.js';
import { patiently, until } from './patient.js';
import { chat, letPeopleAsk, startExperiment } from './people.js';
import type { Facts, LineageNode } from './report.js';
import { newQuestions, type Question, rowsOf } from './rows.js';
import { makeStage, type Stage } from './stage.js';

interface Job {
  id: string;
  hone?: { retrain: { incumbent: string; reason: string } | null };
}

/** The whole circle on a running mesh: rows to adapter to votes to a better adapter, in one trace. */
export async function runDemo(home: Home, modelFolder: string | undefined, startedAt: number): Promise<Facts> {
  const traceparent = newTraceparent();
  const beginMs = Date.now();
  const to = connection(traceparent);
  const base = modelFolder === undefined ? bundledModel.name : 'demo-base';
  const stage = makeStage({ to, base, alias: 'support-desk' });
  stage.heading(`the mesh is up at ${to.url}/v1, its state lies in ${home.root}`);
  if (modelFolder !== undefined) await patiently(() => importFolder(to, modelFolder, base));
  const first = await firstTuning(stage);
  const tuned = first.fine_tuned_model ?? '';
  stage.heading('evaluate base and adapter on the held-out rows');
  const firstVerdict = await evaluationOf(stage, tuned);
  stage.note(firstVerdict.reason ?? '');
  await promotion(stage, tuned, firstVerdict);
  await startExperiment(stage, tuned);
  const crowd = await letPeopleAsk(stage);
  const questions = newQuestions();
  const stopAsking = keepAsking(stage, questions);
  try {
    const { second, secondVerdict } = await secondTuning(stage, tuned);
    const lastAnswer = await answerOfPromoted(stage, questions[0] as Question, second.fine_tuned_model ?? '');
    const background = await stopAsking();
    const lineage = await patiently(() =>
      ask<{ nodes: LineageNode[]; votes: string[]; datasets: string[] }>(to, 'GET', `/v1/lineage/${stage.alias}`),
    );
    const root = { traceId: traceIdOf(traceparent), spanId: spanIdOf(traceparent), service: 'cli', name: 'hone demo' };
    writeSpan(home.traces, { ...root, startMs: beginMs, durationMs: Date.now() - beginMs, status: 'ok' });
    const services = await servicesIn(home, root.traceId);
    const shared = { base, alias: stage.alias, first, firstVerdict, second, secondVerdict, crowd, background, lineage };
    const seconds = (performance.now() - startedAt) / 1000;
    return { ...shared, lastAnswer, rows: rowsOf('train'), traceId: root.traceId, services, seconds };
  } finally {
    await stopAsking();
  }
}

/** What the votes set in motion by events alone; nothing here asks for it. */
async function secondTuning(stage: Stage, incumbent: string) {
  stage.heading('wait for the votes to start a retraining by themselves');
  const job = await until('a retraining', 120_000, async () => {
    const { data } = await ask<{ data: Job[] }>(stage.looking.to, 'GET', '/v1/fine_tuning/jobs?limit=20');
    return data.find(({ hone }) => hone?.retrain?.incumbent === incumbent);
  });
  stage.note(`${job.id}: ${job.hone?.retrain?.reason ?? ''}`);
  const second = await watched(stage, job.id);
  const model = second.fine_tuned_model ?? '';
  stage.heading('evaluate the retrained adapter against the one that is served');
  const secondVerdict = await evaluationOf(stage, model);
  stage.note(secondVerdict.reason ?? '');
  await promotion(stage, model, secondVerdict);
  return { second, secondVerdict };
}

/** The next request after the promotion must be answered by the promoted model. */
async function answerOfPromoted(stage: Stage, question: Question, model: string) {
  const answer = await until(`an answer of ${model}`, 15_000, async () => {
    const given = await chat(stage, question, 'somebody else');
    return given.model === model ? given : undefined;
  });
  if (answer.text === '') throw new CliError(`[demo] expected an answer of ${model} but it is empty`);
  return { question: question.messages.at(-1)?.content ?? '', text: answer.text, model: answer.model };
}

/** Spans are written a moment after they end, so the list is taken when it has stopped growing. */
async function servicesIn(home: Home, traceId: string): Promise<string[]> {
  let count = -1;
  return until(
    'the trace to be complete',
    20_000,
    async () => {
      const spans = await spansOf(home.traces, traceId);
      if (spans.length !== count) {
        count = spans.length;
        return undefined;
      }
      return [...new Set(spans.map(({ service }) => service))].filter((service) => service !== 'cli').sort();
    },
    700,
  );
}
