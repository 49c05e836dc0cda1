/**
 * Gives an array's memory back now and not when JavaScript comes to collect it: reading a model would else leave up to a copy of its
 * files behind, just before training takes what it needs. An array that shares its buffer (a view of a file in memory) stays as it is.
 */
export function releaseArray({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.detached) return;
  if (byteOffset === 0 && byteLength === buffer.byteLength) buffer.transfer(0);
}
