import { describe, expect, it } from '@jest/globals';
import { PlanTurns } from './plan-turns.js';

describe('the turns of plans', () => {
  it('are one at a time, in their order, whatever became of the one before', async () => {
    const turns = new PlanTurns();
    const said: string[] = [];
    const work = (name: string) => async () => {
      said.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      said.push(`${name} ends`);
      if (name === 'a') throw new Error('a is refused');
      return name;
    };
    const all = await Promise.allSettled([turns.take(work('a')), turns.take(work('b'))]);
    expect(all).toMatchObject([{ reason: { message: 'a is refused' } }, { value: 'b' }]);
    expect(said).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('refuse the tenth question, and take one again when another is answered', async () => {
    const turns = new PlanTurns();
    const answers: (() => void)[] = [];
    const open = Array.from({ length: 9 }, () =>
      turns.take(() => new Promise<void>((resolve) => answers.push(resolve))),
    );
    await expect(turns.take(async () => 1)).rejects.toMatchObject({ code: 'overloaded', status: 429 });
    while (answers.length === 0) await Promise.resolve();
    answers[0]?.();
    await open[0];
    const next = turns.take(async () => 2);
    for (let at = 1; at < 9; at++) {
      while (answers.length === at) await Promise.resolve();
      answers[at]?.();
      await open[at];
    }
    expect(await next).toBe(2);
  });
});
