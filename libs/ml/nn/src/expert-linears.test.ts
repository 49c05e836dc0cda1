// Goal: a row that was sorted by expert gets the bits of its own expert and adapter, whatever lies beside it. Method: seeded
// rows over few experts, one of them chosen by nobody, against `Linear` on every row alone.
import { afterAll, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import { expertLinear, fromFloats, fromInts, gatherRows, memoryStats, mixRows, routeRows, scoped } from '@hone/tensor';
import { ExpertLinears, Linear, LoraAdapter, loraConfig, piecesOf } from './index.js';

const random = seeded(3, 'experts');
const floats = (...shape: number[]) => {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random() - 0.5);
  return fromFloats(values, shape);
};

const [tokens, k, experts, width, out] = [5, 2, 4, 24, 9];
/** Expert 2 has no rows. */
const ids = Int32Array.of(3, 0, 1, 3, 0, 1, 3, 1, 0, 3);
const paths = Array.from({ length: experts }, (_, expert) => `experts.${expert}.up_proj`);

function adapterOf(r: number, targetModules: string[]): LoraAdapter {
  const modules = paths.map((path) => ({ path, inFeatures: width, outFeatures: out }));
  const adapter = LoraAdapter.initial(loraConfig({ r, loraAlpha: 4, targetModules }), modules, r);
  for (const { b } of adapter.modules.values()) {
    b.write(Float32Array.from({ length: b.elements }, () => random() - 0.5));
  }
  return adapter;
}

afterAll(() => expect(memoryStats().liveBytes).toBe(0));

it('each row has the bits that its own expert and adapter give it alone', () => {
  const adapters = [adapterOf(2, ['experts.0.up_proj', 'experts.3.up_proj']), adapterOf(3, paths)] as const;
  scoped(() => {
    const linears = paths.map((path, index) => new Linear(path, floats(out, width), undefined, index));
    const x = floats(tokens, width);
    const ranges = [
      { adapter: adapters[0], begin: 0, end: 2 },
      { adapter: adapters[1], begin: 3, end: 5 },
    ];
    const routed = routeRows(fromInts(ids, [tokens, k]), experts, piecesOf({ ranges }, tokens));
    expect(routed.pieces).toEqual([0, 2, 3, 5]);
    const y = new ExpertLinears(linears).forward(gatherRows(x, routed.rows), routed, { ranges });
    const places = routed.places.ints();
    ids.forEach((expert, choice) => {
      const token = Math.floor(choice / k);
      const own = ranges.filter(({ begin, end }) => begin <= token && token < end);
      const context = { ranges: own.map(({ adapter }) => ({ adapter, begin: 0, end: 1 })) };
      const alone = (linears[expert] as Linear).forward(x.rows(token, token + 1), context);
      const place = places[choice] as number;
      expect([...y.rows(place, place + 1).floats()]).toEqual([...alone.floats()]);
    });
  });
  for (const adapter of adapters) adapter.free();
});

it('a token sums what its experts made by ascending expert', () => {
  scoped(() => {
    const routed = routeRows(fromInts(ids, [tokens, k]), experts);
    expect([...routed.rows.ints()]).toEqual([0, 2, 4, 1, 2, 3, 0, 1, 3, 4]);
    expect([...routed.segments.ints()]).toEqual([0, 3, 3, 6, 6, 6, 6, 10]);
    const made = floats(tokens * k, 1);
    const weights = floats(tokens, k);
    const [rows, factors, places] = [made.floats(), weights.floats(), routed.places.ints()];
    const expected = Array.from({ length: tokens }, (_, token) => {
      const choices = [0, 1].map((j) => token * k + j).sort((a, b) => (ids[a] as number) - (ids[b] as number));
      const parts = choices.map((at) => Math.fround((factors[at] as number) * (rows[places[at] as number] as number)));
      return Math.fround((parts[0] as number) + (parts[1] as number));
    });
    expect([...mixRows(made, weights, routed.places).floats()]).toEqual(expected);
  });
});

it('an expert that nobody sorted rows for is refused', () => {
  scoped(() => {
    const routed = routeRows(fromInts(ids, [tokens, k]), experts);
    const weights = Array.from({ length: experts + 1 }, () => floats(out, width));
    const rows = floats(tokens * k, width);
    expect(() => expertLinear(rows, routed, weights)).toThrow('expected expert below 4');
  });
});
