/** Which row of Hugging Face's order stands at a row of llama.cpp's: pairs side by side there, halves of a head here. */
const ownRow = (row: number, headDim: number): number => {
  const inHead = row % headDim;
  return row - inHead + (inHead & 1) * (headDim / 2) + (inHead >> 1);
};

/** llama.cpp's rows of a query or key projection in Hugging Face's order. `shape` is [rows] or [rows, columns]. */
export function unpermuteRows(values: Float32Array, shape: readonly number[], heads: number): Float32Array {
  const headDim = (shape[0] as number) / heads;
  return movedRows(values, shape, (row) => [row, ownRow(row, headDim)]);
}

/** The way back, for writing. */
export function permuteRows(values: Float32Array, shape: readonly number[], heads: number): Float32Array {
  const headDim = (shape[0] as number) / heads;
  return movedRows(values, shape, (row) => [ownRow(row, headDim), row]);
}

function movedRows(
  values: Float32Array,
  [rows = 0, columns = 1]: readonly number[],
  place: (row: number) => [from: number, to: number],
): Float32Array {
  const moved = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const [from, to] = place(row);
    moved.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
  }
  return moved;
}
