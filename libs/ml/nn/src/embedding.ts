import { embedding, type Tensor } from '@hone/tensor';

export class Embedding {
  constructor(readonly table: Tensor) {}

  forward(ids: Tensor): Tensor {
    return embedding(ids, this.table);
  }

  free(): void {
    this.table.free();
  }
}
