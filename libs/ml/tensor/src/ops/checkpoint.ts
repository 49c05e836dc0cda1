import { recordOp, isRecording, pauseRecording } from '../tape.js';
import { scoped } from '../scope.js';
import type { Tensor } from '../tensor.js';

/**
 * Runs `body` on `input` without keeping its activations; the backward pass runs it again (Chen et al., arXiv 1604.06174:
 * one more forward pass for a peak that no longer grows with what is inside `body`).
 */
export function checkpoint(body: (input: Tensor) => Tensor, input: Tensor): Tensor {
  if (!isRecording()) return body(input);
  const output = pauseRecording(() => scoped(() => body(input)));
  recordOp('checkpoint', [input], [output], { rerun: body });
  return output;
}
