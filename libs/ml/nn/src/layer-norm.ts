import { accumulate, layerNorm, type Tensor } from '@hone/tensor';

export class LayerNorm {
  constructor(
    readonly weight: Tensor,
    readonly bias: Tensor,
    readonly eps: number,
  ) {}

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, this.eps);
  }

  /** The norm of x + update, which is left in `update`. */
  forwardSum(x: Tensor, update: Tensor): Tensor {
    accumulate(update, x);
    return this.forward(update);
  }
}
