import { rmsNorm, type Tensor } from '@hone/tensor';

export class RmsNorm {
  constructor(
    readonly weight: Tensor,
    readonly eps: number,
  ) {}

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, this.eps);
  }

  free(): void {
    this.weight.free();
  }
}
