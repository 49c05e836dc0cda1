import { describe, expect, it } from '@jest/globals';
import { exampleJob, jobEntry, jobStatus } from '@hone/contracts';
import { become, isTerminal, mayBecome } from './job-life.js';

const job = jobEntry.parse(exampleJob);

describe('the life of a job', () => {
  it('ends in exactly three statuses that never move again', () => {
    const terminal = jobStatus.options.filter(isTerminal);
    expect(terminal).toEqual(['succeeded', 'failed', 'cancelled']);
    for (const from of terminal) for (const to of jobStatus.options) expect(mayBecome(from, to)).toBe(false);
  });

  it('stamps the first start and the end', () => {
    const running = become(job, 'running', 10);
    expect(running).toMatchObject({ status: 'running', startedAt: 10 });
    const again = become(running, 'running', 20);
    expect(again.startedAt).toBe(10);
    expect(become(again, 'succeeded', 30)).toMatchObject({ finishedAt: 30 });
  });

  it('refuses to revive a cancelled job and says what it is', () => {
    const cancelled = become(job, 'cancelled', 5);
    expect(() => become(cancelled, 'running', 6)).toThrow('it is cancelled');
  });
});
