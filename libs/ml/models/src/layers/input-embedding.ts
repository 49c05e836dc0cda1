import { add, embedding, scale, type Tensor } from '@hone/tensor';

/** Rows of ids, scaled, plus rows of positions where the model learnt them. */
export class InputEmbedding {
  constructor(
    readonly table: Tensor,
    readonly scale: number,
    readonly positions: Tensor | undefined,
  ) {}

  forward(ids: Tensor, positions: Tensor): Tensor {
    const rows = embedding(ids, this.table);
    if (this.scale !== 1) scale(rows, this.scale);
    return this.positions ? add(rows, embedding(positions, this.positions)) : rows;
  }
}
