import { seeded } from '@hone/base';

/** Two independent normal numbers from two uniform ones (Box and Muller 1958). */
function* normals(random, deviation) {
  for (;;) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    yield radius * Math.cos(angle);
    yield radius * Math.sin(angle);
  }
}

/**
 * Weights before the first step: normal numbers, ones for the norms. The two projections that write into the residual stream are
 * smaller by the root of their number, so that the stream does not grow with the depth (GPT-2).
 */
export function initialWeights(specs, { initializer_range: deviation, num_hidden_layers: layers }, seed) {
  const tensors = new Map();
  for (const { name, shape, role } of specs) {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (role === 'norm') data.fill(1);
    else {
      const writesResidual = /(o_proj|down_proj)\.weight$/.test(name);
      const numbers = normals(
        seeded(seed, 'initial', name),
        writesResidual ? deviation / Math.sqrt(2 * layers) : deviation,
      );
      for (let at = 0; at < data.length; at++) data[at] = numbers.next().value;
    }
    tensors.set(name, { dtype: 'F32', shape, data });
  }
  return tensors;
}
