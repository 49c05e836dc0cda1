import { describe, expect, it } from '@jest/globals';
import type { Span } from './spans.js';
import { durationText, waterfall } from './waterfall.js';

const span = (spanId: string, parentId: string | undefined, startMs: number, durationMs: number): Span => ({
  traceId: 't',
  spanId,
  ...(parentId === undefined ? {} : { parentId }),
  service: `service-${spanId}`,
  name: `request hone.v1.${spanId}`,
  startMs,
  durationMs,
  status: 'ok',
});

describe('a waterfall', () => {
  it('puts each span under its parent, in order of time, with a bar on one axis', () => {
    const lines = waterfall([span('b', 'a', 60, 40), span('a', undefined, 0, 100), span('c', 'a', 0, 50)]);
    expect(lines.map((line) => line.split(/ +/)[0])).toEqual(['service-a', 'service-c', 'service-b']);
    expect(lines[1]).toContain('  request c');
    expect(lines[0]?.match(/█/g)).toHaveLength(40);
    expect(lines[1]?.match(/█/g)).toHaveLength(20);
    expect(lines[2]?.match(/█+·*/)?.[0]).toBe('█'.repeat(16));
  });

  it('keeps a span whose parent is unknown', () => {
    expect(waterfall([span('x', 'lost', 5, 1)])).toHaveLength(1);
  });

  it('writes durations for people', () => {
    expect([0.26, 12.4, 15_300].map(durationText)).toEqual(['0.3 ms', '12 ms', '15.3 s']);
  });
});
