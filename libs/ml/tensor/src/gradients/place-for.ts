import { emptyLike } from '../allocate.js';
import type { GradientStore } from '../gradient-store.js';
import type { Tensor } from '../tensor.js';

/** Where to write the gradient of an input: over the input itself wherever nothing else reads it, otherwise new memory. */
export const placeFor = (input: Tensor, store: GradientStore): Tensor => {
  const isOurs = input.root === input && input.readers === 1 && !input.grad && store.wants(input) && !store.has(input);
  return isOurs ? input : emptyLike(input);
};
