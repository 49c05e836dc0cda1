import { fault, HoneError } from '@hone/base';
import { answerScore, type feedbackGiven, type InputOf, pairMade } from '@hone/contracts';
import {
  correctionText,
  perToken,
  type PreferencePair,
  preferencePair,
  turnContent,
} from '../domain/preference-pair.js';
import type { RewardState } from './reward-state.js';

/** Turns a vote into a preference pair, scored under the model that answered, and tells it. */
export async function makePair(
  state: RewardState,
  { feedback, turn }: InputOf<typeof feedbackGiven>,
  signal?: AbortSignal,
): Promise<void> {
  const content = await state.store.getManifest(turn.content, turnContent);
  const correction = feedback.correction && (await state.store.getManifest(feedback.correction, correctionText)).text;
  const pair = preferencePair(feedback.rating, content, correction);
  if (!pair) return;
  const digest = await state.store.putManifest(pair);
  const scores = await score(state, turn.model, pair, signal);
  await state.mesh.emit(
    pairMade,
    {
      feedback: feedback.id,
      turn: turn.id,
      pair: digest,
      base: turn.base,
      model: turn.model,
      ...(turn.alias ? { alias: turn.alias } : {}),
      rating: feedback.rating,
      ...scores,
    },
    { id: feedback.id },
  );
}

interface Scores {
  chosenLogProb: number;
  rejectedLogProb?: number;
  margin?: number;
}

/** How likely the model that answered finds either answer: a negative margin says that it prefers the wrong one. */
async function score(
  { mesh }: RewardState,
  model: string,
  pair: PreferencePair,
  signal?: AbortSignal,
): Promise<Scores> {
  const { messages, chosen, rejected } = pair;
  const answers = rejected === undefined ? [chosen] : [chosen, rejected];
  const items = answers.map((answer) => ({ messages, answer }));
  const { scores } = await mesh
    .request(answerScore, { model, items }, signal ? { signal } : {})
    .catch((thrown: unknown) => {
      throw isFull(thrown) ? busy(thrown) : thrown;
    });
  const [chosenLogProb = 0, rejectedLogProb] = scores.map(perToken);
  if (rejectedLogProb === undefined) return { chosenLogProb };
  return { chosenLogProb, rejectedLogProb, margin: chosenLogProb - rejectedLogProb };
}

const isFull = (thrown: unknown): thrown is HoneError => thrown instanceof HoneError && thrown.status === 429;

/** People's requests come first: a full queue of serving is no mistake of the vote, which is delivered again later. */
const busy = (full: HoneError): HoneError => fault('serving_full', full.message, { cause: full });
