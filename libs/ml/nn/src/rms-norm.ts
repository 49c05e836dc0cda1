import { addRmsNorm, rmsNorm, type Tensor } from '@hone/tensor';

export class RmsNorm {
  constructor(
    readonly weight: Tensor,
    readonly eps: number,
    /** 1 = the weight is the factor's distance from one. */
    readonly offset = 0,
  ) {}

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, this.eps, this.offset);
  }

  /** The norm of x + update, which is left in `update`. */
  forwardSum(x: Tensor, update: Tensor): Tensor {
    return addRmsNorm(x, update, this.weight, this.eps, this.offset);
  }
}
