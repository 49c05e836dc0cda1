import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

export const embedding: GradientRule<'embedding'> = ({ inputs: [ids, table], outputs: [y] }, store) => {
  ops.embeddingBackward(ids.id, store.upstream(y).id, store.sum(table, 'f32').id);
};
