/** Numbers at which size checks go wrong: none, one, the edges of 31, 32, 53 and 64 bits, and near the file's own size. */
const edges = (fileBytes: number): bigint[] => [
  ...[0n, 1n, 2n, 3n, 7n, 255n, 65_535n, 65_536n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n],
  ...[2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
  ...[
    BigInt(fileBytes) - 1n,
    BigInt(fileBytes),
    BigInt(fileBytes) + 1n,
    BigInt(fileBytes) / 2n,
    BigInt(fileBytes) * 2n,
  ],
];

const below = (random: () => number, limit: number): number => Math.floor(random() * limit);
const oneOf = <T>(random: () => number, list: readonly T[]): T => list[below(random, list.length)] as T;

/** What is wrong in real attacks and real downloads: a damaged number, a lost end, a repeated or moved piece. */
const mutations: readonly ((bytes: Uint8Array, random: () => number, reach: number) => Uint8Array)[] = [
  (bytes, random, reach) => {
    bytes[below(random, reach)] = below(random, 256);
    return bytes;
  },
  (bytes, random, reach) => {
    const at = below(random, reach);
    bytes[at] = (bytes[at] as number) ^ (1 << below(random, 8));
    return bytes;
  },
  (bytes, random, reach) => {
    const width = oneOf(random, [4, 8]);
    const value = oneOf(random, edges(bytes.byteLength));
    const view = new DataView(bytes.buffer);
    const at = below(random, Math.max(1, reach - width));
    if (at + width > bytes.byteLength) return bytes;
    if (width === 4) view.setUint32(at, Number(value & 0xffffffffn), true);
    else view.setBigUint64(at, value, true);
    return bytes;
  },
  (bytes, random, reach) => bytes.slice(0, below(random, random() < 0.5 ? reach : bytes.byteLength)),
  (bytes, random) => {
    const longer = new Uint8Array(bytes.byteLength + 1 + below(random, 64));
    longer.set(bytes);
    return longer;
  },
  (bytes, random, reach) => {
    const [from, to, length] = [below(random, reach), below(random, reach), 1 + below(random, 32)];
    bytes.copyWithin(to, from, from + length);
    return bytes;
  },
  (bytes, random, reach) => {
    // A digit of a JSON header: shapes, offsets and sizes written as text.
    for (let tries = 0; tries < 64; tries++) {
      const at = below(random, reach);
      const byte = bytes[at] as number;
      if (byte < 0x30 || byte > 0x39) continue;
      bytes[at] = oneOf(random, [0x30, 0x31, 0x39, 0x2d, 0x2e, 0x65]);
      break;
    }
    return bytes;
  },
];

/** A copy with one to four mutations, mostly in the first `head` bytes, where counts and offsets stand. */
export function mutated(original: Uint8Array, head: number, random: () => number): Uint8Array {
  let bytes: Uint8Array = original.slice();
  for (let count = 1 + below(random, 4); count > 0 && bytes.byteLength > 0; count--) {
    const reach = Math.min(bytes.byteLength, random() < 0.9 ? head : bytes.byteLength);
    bytes = oneOf(random, mutations)(bytes, random, reach);
  }
  return bytes;
}
