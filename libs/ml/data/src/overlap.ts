import { digestOf } from '@hone/base';
import { NearDuplicateIndex, signatureOf } from './min-hash.js';
import { words } from './normalise.js';
import { promptOf, type Row } from './row.js';

/** Below this many words a question is too short for its wording to be more than its topic. */
const nearWordsMin = 12;
const nearJaccardMin = 0.8;

/** The questions of evaluations. A training row that asks one of them would make the evaluation measure memory. */
export class EvaluationQuestions {
  readonly #exact = new Set<string>();
  readonly #near = new NearDuplicateIndex(nearJaccardMin);

  add(row: Row): void {
    for (const question of questionsOf(row)) {
      this.#exact.add(exactKey(question));
      if (words(question).length >= nearWordsMin) this.#near.add(signatureOf(question));
    }
  }

  get size(): number {
    return this.#exact.size;
  }

  overlaps(row: Row): boolean {
    return questionsOf(row).some(
      (question) =>
        this.#exact.has(exactKey(question)) ||
        (words(question).length >= nearWordsMin && this.#near.find(signatureOf(question)) !== undefined),
    );
  }
}

/** Each user turn is a question of its own. Greetings alone are no question. */
function questionsOf(row: Row): string[] {
  const asked =
    'messages' in row
      ? row.messages.filter(({ role }) => role === 'user').map(({ content }) => content)
      : [promptOf(row)];
  return asked.filter((question) => words(question).length >= 3);
}

const exactKey = (question: string): string => digestOf(words(question));
