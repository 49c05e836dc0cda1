import { ask } from '../api/connection.js';
import { CliError } from '../exit-codes.js';
import { patiently } from './patient.js';
import { knownQuestions, newQuestions, type Question } from './rows.js';
import type { Stage } from './stage.js';

export interface Answer {
  turn: string;
  model: string;
  text: string;
}

export interface Crowd {
  asked: number;
  up: number;
  down: number;
  corrections: number;
  /** Answers by the model that gave them. */
  byModel: Record<string, number>;
  users: number;
}

/** One streamed chat with the alias, as any OpenAI client asks it. */
export async function chat(
  stage: Stage,
  { messages }: Pick<Question, 'messages'>,
  user: string,
  client = stage.client,
): Promise<Answer> {
  const stream = await client.chat.completions.create({
    model: stage.alias,
    messages,
    user,
    stream: true,
    temperature: 0,
    max_tokens: 96,
  });
  const answer: Answer = { turn: '', model: '', text: '' };
  for await (const chunk of stream) {
    answer.turn = chunk.id;
    answer.model = chunk.model;
    answer.text += chunk.choices[0]?.delta.content ?? '';
  }
  return answer;
}

/** Starts the experiment of the base against the adapter on the alias. */
export async function startExperiment(stage: Stage, tuned: string): Promise<string> {
  const name = `base-or-tuned-${Date.now().toString(36)}`;
  const arms = [
    { name: 'base', model: stage.base, weight: 1 },
    { name: 'tuned', model: tuned, weight: 1 },
  ];
  stage.heading(`A/B: ${stage.base} against the adapter, behind the alias ${stage.alias}`);
  // A second try after a lost answer finds the experiment running.
  await patiently(() => ask(stage.to, 'POST', '/v1/experiments', { name, alias: stage.alias, arms })).catch(ifThere);
  return name;
}

function ifThere(thrown: unknown): void {
  if (!(thrown instanceof CliError) || thrown.exitCode !== 4) throw thrown;
}

/**
 * People ask: what the desk knows gets a vote by whether the answer is right; what it does not know gets a thumbs-down with the
 * answer that a person writes. Everybody asks twice, and must meet the same arm.
 */
export async function letPeopleAsk(stage: Stage): Promise<Crowd> {
  const crowd: Crowd = { asked: 0, up: 0, down: 0, corrections: 0, byModel: {}, users: 0 };
  const armOf = new Map<string, string>();
  const askAs = async (user: string, question: Question): Promise<Answer> => {
    const answer = await patiently(() => chat(stage, question, user));
    const before = armOf.get(user) ?? answer.model;
    if (before !== answer.model)
      throw new CliError(`[demo] expected ${user} to stay with ${before} but ${answer.model} answered`);
    armOf.set(user, answer.model);
    crowd.asked++;
    crowd.byModel[answer.model] = (crowd.byModel[answer.model] ?? 0) + 1;
    stage.live(`${crowd.asked} chats, ${crowd.up} thumbs up, ${crowd.down} thumbs down`);
    return answer;
  };
  const known = knownQuestions(newQuestions().length);
  for (const [index, question] of newQuestions().entries()) {
    const user = `person-${index}`;
    const familiar = known[index];
    if (familiar !== undefined) {
      const { turn, text } = await askAs(user, familiar);
      await vote(stage, crowd, turn, text.trim() === familiar.answer ? 'up' : 'down');
    }
    const { turn } = await askAs(user, question);
    await vote(stage, crowd, turn, 'down', question.answer);
  }
  crowd.users = armOf.size;
  const shares = Object.entries(crowd.byModel).map(([model, count]) => `${model} ${count}`);
  stage.note(`${crowd.asked} chats by ${crowd.users} people, each on one arm: ${shares.join(', ')}`);
  stage.note(`${crowd.up} thumbs up, ${crowd.down} thumbs down, ${crowd.corrections} with a correction`);
  return crowd;
}

async function vote(
  stage: Stage,
  crowd: Crowd,
  turn: string,
  rating: 'up' | 'down',
  correction?: string,
): Promise<void> {
  const body = { turn, rating, ...(correction === undefined ? {} : { correction }) };
  await patiently(() => ask(stage.to, 'POST', '/v1/feedback', body, { 'idempotency-key': `vote-${turn}` }));
  crowd[rating]++;
  if (correction !== undefined) crowd.corrections++;
}
