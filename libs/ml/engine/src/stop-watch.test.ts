import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StopWatch } from './stop-watch.js';

const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', '#'), maxLength });

describe('stop strings', () => {
  it('cut the text before the first one, however the text is split', () => {
    fc.assert(
      fc.property(
        fc.array(letters(4), { maxLength: 12 }),
        fc.array(
          letters(3).filter((stop) => stop !== ''),
          { maxLength: 3 },
        ),
        (pieces, stops) => {
          const watch = new StopWatch(stops);
          let shown = '';
          for (const piece of pieces) shown += watch.push(piece);
          shown += watch.finish();
          const whole = pieces.join('');
          const places = stops.map((stop) => whole.indexOf(stop)).filter((at) => at >= 0);
          // A stop string is complete at its end, so of two overlapping ones the one that ends first counts.
          const ends = stops.map((stop) => ({ at: whole.indexOf(stop), end: whole.indexOf(stop) + stop.length }));
          expect(watch.isStopped).toBe(places.length > 0);
          if (places.length === 0) expect(shown).toBe(whole);
          else {
            expect(whole.startsWith(shown)).toBe(true);
            expect(ends.some(({ at }) => at === shown.length)).toBe(true);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('hold back what may become a stop string and let it go when it does not', () => {
    const watch = new StopWatch(['END']);
    expect([watch.push('the E'), watch.push('N'), watch.push('T'), watch.push(' END of'), watch.push('x')]).toEqual([
      'the ',
      '',
      'ENT',
      ' ',
      '',
    ]);
    expect(watch.isStopped).toBe(true);
  });
});
