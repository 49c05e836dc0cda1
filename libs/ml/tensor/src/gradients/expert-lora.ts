import { zeros } from '../allocate.js';
import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** What `lora` does, on the rows of each update. The gradient of y passes on to the base product. */
export const expertLora: GradientRule<'expertLora'> = (record, store) => {
  const [x, segments] = record.inputs;
  const [xa] = record.saved;
  const dy = store.upstream(record.outputs[0]);
  const dx = store.wants(x) ? store.sum(x).id : 0;
  for (const { expert, piece, a, b, scale } of record.attrs.updates) {
    // A frozen A or B still needs a place to write to; it is thrown away.
    const da = store.wants(a) ? store.sum(a, 'f32') : zeros(a.shape);
    const db = store.wants(b) ? store.sum(b, 'f32') : zeros(b.shape);
    ops.expertLoraBackward(dy.id, x.id, segments.id, expert, piece, a.id, b.id, xa.id, scale, dx, da.id, db.id);
  }
  xa.free();
};
