// Goal: the replay of rows G9 and G10 asks for what it says and reads its times right. Method: properties of the drawn requests, and
// figures and floors of a case small enough to compute by hand.
import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Request {
  ids: number[];
  tokens: number;
  at: number;
  adapter: number;
}
interface Spread {
  p50: number;
  p99: number;
}
interface Replay {
  drawnRequests(shape: object, options: object): Request[];
  figuresOf(requests: Request[], times: number[][]): { tokens: number; rate: number; ttft: Spread; itl: Spread };
  floorSeconds(shape: object, requests: Request[], limits: object): number;
  bytesOf(shape: object): { linears: number; weights: number; token: number; adapter: number };
}

const file = join(import.meta.dirname, '../../bench/protocol/replay.mjs');
const { drawnRequests, figuresOf, floorSeconds, bytesOf } = (await import(pathToFileURL(file).href)) as Replay;
const shape = {
  hidden_size: 4,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 6,
  vocab_size: 10,
};
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the requests of the replay', () => {
  const requests = drawnRequests(shape, { count: 4000, rate: 32, adapters: 8, text: 1 });

  it('have the mean lengths of ShareGPT and come 32 a second', () => {
    expect(Math.abs(mean(requests.map(({ ids }) => ids.length)) / 202 - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean(requests.map(({ tokens }) => tokens)) / 179 - 1)).toBeLessThan(0.05);
    expect(Math.abs(4000 / (requests.at(-1) as Request).at / 32 - 1)).toBeLessThan(0.05);
  });

  it('ask for adapter r as often as 1 / (r + 1)', () => {
    const counts = Array.from({ length: 8 }, (_, at) => requests.filter(({ adapter }) => adapter === at).length);
    expect(Math.abs((counts[0] as number) / (counts[1] as number) / 2 - 1)).toBeLessThan(0.15);
    expect(counts.reduce((sum, count) => sum + count)).toBe(4000);
  });

  it('keep lengths and times and change the tokens from text to text', () => {
    const other = drawnRequests(shape, { count: 4000, rate: 32, adapters: 8, text: 2 });
    const facts = (each: Request[]) => each.map(({ ids, tokens, at, adapter }) => [ids.length, tokens, at, adapter]);
    expect(facts(other)).toEqual(facts(requests));
    expect(other[0]?.ids).not.toEqual(requests[0]?.ids);
  });

  it('come all at once where no rate is asked for, and without adapters', () => {
    const plain = drawnRequests(shape, { count: 20, text: 1 });
    expect(new Set(plain.map(({ at }) => at))).toEqual(new Set([0]));
    expect(new Set(plain.map(({ adapter }) => adapter))).toEqual(new Set([-1]));
  });
});

describe('the figures of a replay', () => {
  const requests = [
    { ids: [1, 2], tokens: 3, at: 0, adapter: -1 },
    { ids: [1], tokens: 2, at: 1, adapter: -1 },
  ];

  it('count from the arrival of each request', () => {
    const { tokens, rate, ttft, itl } = figuresOf(requests, [
      [0.5, 0.6, 0.8],
      [1.1, 2],
    ]);
    expect({ tokens, rate }).toEqual({ tokens: 5, rate: 2.5 });
    expect(ttft.p50).toBeCloseTo(300);
    expect(itl.p50).toBeCloseTo(200);
    // Between the second and the last of three, 0.98 of the way.
    expect(itl.p99).toBeCloseTo(886);
  });

  it('have a floor of products, weights and keys and values', () => {
    // Of a layer: 2 x 4 x 4 + 2 x 2 x 4 + 3 x 6 x 4 weights; 2 bytes each, and the head's 10 x 4.
    expect(bytesOf(shape)).toEqual({ linears: 240, weights: 560, token: 16, adapter: 2 * 16 * 2 * (16 + 12 + 30) });
    // Three steps at least, since one request asks for three tokens; rows 3 x 3.5 + 2 x 2 of keys and values.
    const floor = floorSeconds(shape, requests, { sequencesMax: 2, copy: 1e-9, matrix: 1e-12 });
    expect(floor).toBeCloseTo(2 * 240 * 3 + 3 * 560 + 14.5 * 16);
  });
});
