/** A matrix with its rows as columns. */
export function transpose<A extends Float32Array | Uint16Array>(values: A, rows: number, columns: number): A {
  const turned = values.slice() as A;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return turned;
}
