// Goal: 8-bit optimizer state is bitsandbytes'. Method: three steps whose state bitsandbytes quantised (tests/golden/
// bitsandbytes-adamw-8bit, with the script and versions), code by code and parameter by parameter.
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { adamw8bitStep, empty, fromFloats, zeros } from '@hone/tensor';

interface Golden {
  settings: { learningRate: number; beta1: number; beta2: number; eps: number; weightDecay: number };
  parameters: number[];
  gradients: number[][];
  expected: number[];
  codes_m: number[];
  codes_v: number[];
  scales_m: number[];
  scales_v: number[];
}
const golden = JSON.parse(
  readFileSync(new URL('../golden/bitsandbytes-adamw-8bit/expected.json', import.meta.url), 'utf8'),
) as Golden;

describe('three steps of 8-bit AdamW', () => {
  const count = golden.parameters.length;
  const blocks = Math.ceil(count / 256);
  const p = fromFloats(Float32Array.from(golden.parameters));
  const moment = () => ({ codes: empty([count], 'u8').write(new Uint8Array(count)), absmax: zeros([blocks]) });
  const [m, v] = [moment(), moment()];
  golden.gradients.forEach((gradient, index) => {
    const g = fromFloats(Float32Array.from(gradient));
    adamw8bitStep(p, g, m, v, { ...golden.settings, step: index + 1 });
    g.free();
  });
  const found = {
    p: p.floats(),
    m: m.codes.readInto(new Uint8Array(count)),
    v: v.codes.readInto(new Uint8Array(count)),
    scales: [...m.absmax.floats(), ...v.absmax.floats()],
  };
  for (const tensor of [p, m.codes, m.absmax, v.codes, v.absmax]) tensor.free();

  it('have the codes of its maps', () => {
    expect([...found.m]).toEqual(golden.codes_m);
    expect([...found.v]).toEqual(golden.codes_v);
  });

  it('have its scales and its parameters', () => {
    const scales = [...golden.scales_m, ...golden.scales_v];
    scales.forEach((scale, i) => expect(Math.abs((found.scales[i] as number) / scale - 1)).toBeLessThan(1e-5));
    const worst = Math.max(...golden.expected.map((value, i) => Math.abs(value - (found.p[i] as number))));
    expect(worst).toBeLessThan(1e-6);
  });
});
