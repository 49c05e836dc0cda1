import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

/** The prefix bytes of NATS keys that make a user's public key begin with U and its seed with SU. */
const userPrefix = 20 << 3;
const seedPrefix = 18 << 3;
/** PKCS#8 of an Ed25519 private key up to its 32 bytes (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A new user seed (`SU...`) of NATS: an Ed25519 key in the encoding of the nkeys specification. */
export function newUserSeed(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const secret = Buffer.from(String(privateKey.export({ format: 'jwk' }).d), 'base64url');
  const head = Buffer.from([seedPrefix | (userPrefix >> 5), (userPrefix & 31) << 3]);
  return encoded(Buffer.concat([head, secret]));
}

/** The public key (`U...`) of a user seed. */
export function publicKeyOf(seed: string): string {
  const raw = base32Decoded(seed.trim());
  const key = createPrivateKey({
    key: Buffer.concat([pkcs8Head, raw.subarray(2, 34)]),
    format: 'der',
    type: 'pkcs8',
  });
  const point = Buffer.from(String(createPublicKey(key).export({ format: 'jwk' }).x), 'base64url');
  return encoded(Buffer.concat([Buffer.from([userPrefix]), point]));
}

/** Base32 without padding over the bytes and their CRC-16, little-endian. */
function encoded(bytes: Buffer): string {
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(crc16(bytes));
  return base32(Buffer.concat([bytes, sum]));
}

/** CRC-16/XMODEM: polynomial 0x1021, start 0. */
function crc16(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) sum = ((sum << 1) ^ (sum & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return sum;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
}

function base32Decoded(text: string): Buffer {
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}
