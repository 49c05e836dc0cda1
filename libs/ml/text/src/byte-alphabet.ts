/**
 * The 256 printable characters that stand for bytes in byte-level vocabularies (GPT-2): printable Latin-1 characters stand for
 * themselves, the others are moved to U+0100 and above, so that no token contains white space or control characters.
 */
export const byteToCharacter: readonly string[] = makeAlphabet();

export const characterToByte: ReadonlyMap<string, number> = new Map(
  byteToCharacter.map((character, byte) => [character, byte]),
);

function makeAlphabet(): string[] {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let moved = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : moved++));
}

const utf8 = new TextEncoder();

/** Text as one character per UTF-8 byte. */
export const asByteCharacters = (text: string): string =>
  Array.from(utf8.encode(text), (byte) => byteToCharacter[byte] as string).join('');
