import { refusal } from '@hone/base';
import type { ExperimentEntry } from '@hone/contracts';

/**
 * So many ids of counted votes stay on an experiment. A vote is redelivered within minutes and a consumer has far fewer messages
 * under way, so the window decides every redelivery while the entry stays small.
 */
export const countedVotesMax = 512;

export interface NewExperiment {
  name: string;
  alias: string;
  arms: ExperimentEntry['arms'];
}

/** A running experiment with every vote at zero. */
export function startedExperiment({ name, alias, arms }: NewExperiment, at: number): ExperimentEntry {
  const names = arms.map((arm) => arm.name);
  if (new Set(names).size !== names.length) {
    const message = `[experiment ${name}] expected a different name for each arm but received ${names.join(', ')}`;
    throw refusal('duplicate_arm', `${message}; fix: rename one`, { param: 'arms' });
  }
  const votes = Object.fromEntries(names.map((arm) => [arm, { up: 0, down: 0 }]));
  return { name, alias, arms, status: 'running', createdAt: at, votes };
}

/** Whether asking again for this experiment is the same wish. */
export const isSameExperiment = (entry: ExperimentEntry, wanted: NewExperiment): boolean =>
  entry.alias === wanted.alias &&
  entry.arms.length === wanted.arms.length &&
  entry.arms.every((arm, index) => {
    const other = wanted.arms[index];
    return other !== undefined && arm.name === other.name && arm.model === other.model && arm.weight === other.weight;
  });

export const concludedExperiment = (entry: ExperimentEntry, reason: string, at: number): ExperimentEntry =>
  entry.status === 'concluded' ? entry : { ...entry, status: 'concluded', concludedAt: at, reason };

export interface Vote {
  feedback: string;
  arm: string;
  rating: 'up' | 'down';
}

const countedIn = (entry: ExperimentEntry): readonly string[] => (entry['counted'] as string[] | undefined) ?? [];

/** The experiment with one more vote, or the entry itself when the vote is counted already or its arm is unknown. */
export function countedVote(entry: ExperimentEntry, { feedback, arm, rating }: Vote): ExperimentEntry {
  const counted = countedIn(entry);
  const before = entry.votes[arm];
  if (before === undefined || counted.includes(feedback)) return entry;
  const votes = { ...entry.votes, [arm]: { ...before, [rating]: before[rating] + 1 } };
  return { ...entry, votes, counted: [...counted, feedback].slice(-countedVotesMax) };
}

/** The entry as callers see it: without the ids that only the counting needs. */
export function shownExperiment(entry: ExperimentEntry): ExperimentEntry {
  const shown = { ...entry };
  delete shown['counted'];
  return shown;
}
