import type { RefusalCode } from './row.js';

export interface LineLimits {
  /** Bytes of one line; a longer one is refused without ever being held. */
  lineBytesMax: number;
}

export const lineLimits: LineLimits = { lineBytesMax: 1024 * 1024 };

/** A line of a file by its number (the first is 1), or why it cannot be read. */
export type Line = { line: number; text: string } | { line: number; code: RefusalCode; reason: string };

const newline = 0x0a;

/**
 * The lines of a byte stream. At most one line and one chunk are in memory; blank lines are counted and left out; bytes that are
 * not UTF-8 and lines over the limit become refusals, and reading goes on behind them.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { lineBytesMax }: LineLimits = lineLimits,
): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  let line = 1;
  const take = (): Line | undefined => {
    const taken = bytes > lineBytesMax ? tooLong(line, bytes, lineBytesMax) : decoded(line, held);
    [held, bytes] = [[], 0];
    line++;
    return taken;
  };
  const hold = (part: Uint8Array): void => {
    bytes += part.length;
    // The bytes of a line that is already too long are counted and let go.
    if (bytes > lineBytesMax) held = [];
    else held.push(Uint8Array.from(part));
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      hold(chunk.subarray(start, end));
      const taken = take();
      if (taken) yield taken;
      start = end + 1;
    }
    hold(chunk.subarray(start));
  }
  if (bytes > 0) {
    const taken = take();
    if (taken) yield taken;
  }
}

const tooLong = (line: number, bytes: number, lineBytesMax: number): Line => ({
  line,
  code: 'line_too_long',
  reason: `expected a line of at most ${lineBytesMax} bytes but received ${bytes}`,
});

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decoded(line: number, parts: Uint8Array[]): Line | undefined {
  let text: string;
  try {
    // TextDecoder drops a byte order mark at the start, which some editors write.
    text = utf8.decode(Buffer.concat(parts)).trim();
  } catch {
    return { line, code: 'not_utf8', reason: 'expected UTF-8 text but received other bytes' };
  }
  return text === '' ? undefined : { line, text };
}
