import { fault } from '@hone/base';

/** Plans that wait for their turn; each takes seconds at most once its headers are here. */
const waitingMax = 8;

/** Plans are made one at a time, so that many questions together take from a running job no more than one does. */
export class PlanTurns {
  #open = 0;
  #last: Promise<unknown> = Promise.resolve();

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#open > waitingMax) throw tooMany();
    this.#open++;
    const turn = this.#last.then(work).finally(() => this.#open--);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

const tooMany = () =>
  fault('overloaded', `[plan] expected at most ${waitingMax} waiting plans but there are more; fix: come again`, {
    status: 429,
    retryAfterSeconds: 2,
  });
