import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SilenceWatch } from './silence-watch.js';

describe('the watch over the engine thread', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const watched = (answers: boolean) => {
    const seen = { asked: 0, stuck: 0 };
    const watch: SilenceWatch = new SilenceWatch({
      silentMsMax: 1000,
      ask: () => {
        seen.asked++;
        if (answers) watch.heard();
      },
      stuck: () => seen.stuck++,
    });
    return { seen, watch };
  };

  it('asks a thread that answers for ever', () => {
    const { seen, watch } = watched(true);
    jest.advanceTimersByTime(60_000);
    expect(seen).toEqual({ asked: 240, stuck: 0 });
    watch.end();
  });

  it('finds a thread stuck once that has not answered for the whole time', () => {
    const { seen } = watched(false);
    jest.advanceTimersByTime(1000);
    expect(seen.stuck).toBe(0);
    jest.advanceTimersByTime(60_000);
    expect(seen).toEqual({ asked: 4, stuck: 1 });
  });

  it('rests while the thread loads, and goes on afterwards', () => {
    const { seen, watch } = watched(false);
    watch.rest(true);
    jest.advanceTimersByTime(600_000);
    expect(seen).toEqual({ asked: 0, stuck: 0 });
    watch.rest(false);
    jest.advanceTimersByTime(2000);
    expect(seen.stuck).toBe(1);
  });
});
