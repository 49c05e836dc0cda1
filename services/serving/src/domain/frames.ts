import type { GenerationFrame } from '@hone/contracts';

type Delta = Extract<GenerationFrame, { type: 'delta' }>;

/** A frame travels as one message, and a message stays under 64 KiB; a character may take six bytes of JSON: 24 + 36 KB. */
const textCharactersMax = 4000;
const logProbBytesMax = 36_000;

/** A delta as frames that fit: long text is cut between characters, many log-probabilities are spread. */
export function framesOfDelta(index: number, text: string, logprobs: Delta['logprobs']): Delta[] {
  const pieces = textPieces(text);
  const groups = logprobs === undefined ? undefined : reportGroups(logprobs);
  const count = Math.max(pieces.length, groups?.length ?? 0, 1);
  return Array.from({ length: count }, (_, at) => ({
    type: 'delta' as const,
    index,
    text: pieces[at] ?? '',
    ...(groups === undefined ? {} : { logprobs: groups[at] ?? [] }),
  }));
}

function textPieces(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + textCharactersMax);
    const last = text.charCodeAt(end - 1);
    // A surrogate pair is one character and stays whole.
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end--;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

function reportGroups(logprobs: NonNullable<Delta['logprobs']>): NonNullable<Delta['logprobs']>[] {
  const groups: NonNullable<Delta['logprobs']>[] = [];
  let bytes = 0;
  for (const report of logprobs) {
    const size = Buffer.byteLength(JSON.stringify(report));
    const group = groups.at(-1);
    if (group === undefined || bytes + size > logProbBytesMax) {
      groups.push([report]);
      bytes = size;
    } else {
      group.push(report);
      bytes += size;
    }
  }
  return groups;
}
