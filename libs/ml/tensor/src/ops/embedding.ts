import { empty } from '../allocate.js';
import { activationDType } from '../device.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** One table row per id, as the activations of the device. */
export function embedding(ids: Tensor, table: Tensor): Tensor {
  const y = empty([dim(ids.shape, 0), dim(table.shape, 1)], activationDType());
  ops.embeddingForward(ids.id, table.id, y.id);
  if (isRecorded(table)) recordOp('embedding', [ids, table], [y], {});
  return y;
}
