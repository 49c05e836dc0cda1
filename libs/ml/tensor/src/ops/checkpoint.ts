import { recordOp, isRecording, pauseRecording } from '../tape.js';
import { scoped } from '../scope.js';
import type { ActivationOffload } from '../activation-offload.js';
import type { Tensor } from '../tensor.js';

/**
 * Runs `body` on `input` without keeping its activations; the backward pass runs it again (Chen et al., arXiv 1604.06174:
 * one more forward pass for a peak that no longer grows with what is inside `body`). With `offload` the input itself waits on the
 * host; nobody but `body` may read it then.
 */
export function checkpoint(body: (input: Tensor) => Tensor, input: Tensor, offload?: ActivationOffload): Tensor {
  if (!isRecording()) return body(input);
  const forward = () => pauseRecording(() => scoped(() => body(input)));
  const output = offload ? offload.around(input, forward) : forward();
  recordOp('checkpoint', [input], [output], { rerun: body, offload });
  return output;
}
