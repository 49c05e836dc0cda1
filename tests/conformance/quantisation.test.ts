// NF4 as bitsandbytes defines it: the code book, the packing of codes, and the published error of standard normal values.
import { afterAll, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import { fromFloats, memoryStats, packWeight, quantizeNf4, unpackWeight } from '@hone/tensor';
import { describeData, readJsonFile } from './data-root.js';

interface Published {
  nf4_codebook: number[];
  n_sigma: number;
  error_of_4bit_quantisation_on_standard_normal: {
    nf4: Record<'err' | 'rel_err', Record<string, { mean: number; std: number }>>;
  };
  double_quantised_bounds: { abs_err_below: number; rel_err_below: number };
}

function standardNormal(count: number): Float32Array {
  const random = seeded(64, 'normal');
  return Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  );
}

describeData('bitsandbytes 4-bit figures', 'quantisation', (folder) => {
  const published = readJsonFile<Published>(folder, 'bitsandbytes-4bit.json');
  afterAll(() => expect(memoryStats().liveBytes).toBe(0));

  it('has the published code book, high nibble first', () => {
    const block = new Float32Array(64);
    block.set(published.nf4_codebook);
    const source = fromFloats(block, [1, 64]);
    const packed = packWeight(source, 'nf4');
    const unpacked = unpackWeight(packed);
    expect([...unpacked.floats().slice(0, 16)]).toEqual([...block.slice(0, 16)]);
    const { codes } = quantizeNf4(source);
    expect([...codes.slice(0, 8)]).toEqual([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
    for (const tensor of [source, packed, unpacked]) tensor.free();
  });

  it('has the published mean error at block 64, with single and with double quantisation', () => {
    const [rows, columns] = [1024, 1024];
    const values = standardNormal(rows * columns);
    const source = fromFloats(values, [rows, columns]);
    const packed = packWeight(source, 'nf4');
    const unpacked = unpackWeight(packed);
    const { codes } = quantizeNf4(source);
    const double = unpacked.floats();
    const errors = { single: 0, singleRelative: 0, double: 0, doubleRelative: 0 };
    for (let block = 0; block < values.length; block += 64) {
      let absmax = 0;
      for (let i = block; i < block + 64; i++) absmax = Math.max(absmax, Math.abs(values[i] as number));
      for (let i = block; i < block + 64; i++) {
        const value = values[i] as number;
        const code = ((codes[i >> 1] as number) >> (i % 2 === 0 ? 4 : 0)) & 15;
        const single = Math.abs((published.nf4_codebook[code] as number) * absmax - value);
        const twice = Math.abs((double[i] as number) - value);
        errors.single += single / values.length;
        errors.singleRelative += single / (Math.abs(value) + 1e-8) / values.length;
        errors.double += twice / values.length;
        errors.doubleRelative += twice / (Math.abs(value) + 1e-8) / values.length;
      }
    }
    const { err, rel_err: relative } = published.error_of_4bit_quantisation_on_standard_normal.nf4;
    const bound = ({ mean, std }: { mean: number; std: number }) => mean + published.n_sigma * std;
    expect(errors.single).toBeLessThan(bound(err['64'] as { mean: number; std: number }));
    expect(errors.singleRelative).toBeLessThan(bound(relative['64'] as { mean: number; std: number }));
    expect(errors.double).toBeLessThan(published.double_quantised_bounds.abs_err_below);
    expect(errors.doubleRelative).toBeLessThan(published.double_quantised_bounds.rel_err_below);
    // Double quantisation of the scales costs next to nothing.
    expect(errors.double / errors.single).toBeLessThan(1.01);
    for (const tensor of [source, packed, unpacked]) tensor.free();
  });

  it('takes 4.127 bits a weight', () => {
    const source = fromFloats(standardNormal(256 * 1024), [256, 1024]);
    const { codes, absmaxCodes, nestedAbsmax } = quantizeNf4(source);
    const bits = (8 * (codes.length + absmaxCodes.length + 4 * nestedAbsmax.length)) / (256 * 1024);
    expect(bits).toBeCloseTo(4 + 8 / 64 + 32 / (64 * 256), 6);
    source.free();
  });
});
