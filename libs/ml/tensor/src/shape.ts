import { bug } from '@hone/base';

export type Shape = readonly number[];

export const elementsOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => size === b[i]);

/** One size of a shape; asking for a dimension that is not there is a bug. */
export function dim(shape: Shape, index: number): number {
  const size = shape.at(index);
  if (size === undefined) throw bug('shape', `[shape] expected dimension ${index} but received [${shape.join(',')}]`);
  return size;
}
