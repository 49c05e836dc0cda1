import { assert } from '@hone/base';
import { empty, keep, type Tensor } from '@hone/tensor';
import type { Sequence } from './sequence.js';

interface Line {
  readonly sequence: Sequence;
  /** Drawn tokens that the device has counted. */
  counted: number;
}

/**
 * How often sequences with penalties drew each id, on the device: a line of integers for each of them, which the draws themselves keep.
 * A line is written from here when a sequence gets it, or comes back after draws that the device did not see.
 */
export class TokenCounts {
  readonly #lines: (Line | undefined)[];
  readonly #vocabulary: number;
  #tensor: Tensor | undefined;

  /** `lines`: sequences that run at a time. */
  constructor(lines: number, vocabulary: number) {
    this.#lines = new Array<Line | undefined>(lines).fill(undefined);
    this.#vocabulary = vocabulary;
  }

  /** i32 [lines, vocabulary], taken at the first use: before a capture whose body counts, since what the body makes is the plan's. */
  get tensor(): Tensor {
    return (this.#tensor ??= keep(empty([this.#lines.length, this.#vocabulary], 'i32')));
  }

  /** The line of a sequence whose next draw is counted by the device; -1 for one without penalties. */
  lineOf(sequence: Sequence): number {
    if (sequence.drawnCounts === undefined) return -1;
    let at = this.#lines.findIndex((line) => line?.sequence === sequence);
    if (at < 0) at = this.#take(sequence);
    const line = this.#lines[at] as Line;
    if (line.counted !== sequence.generated) this.#write(at, sequence.drawnCounts);
    line.counted = sequence.generated + 1;
    return at;
  }

  free(): void {
    this.#tensor?.free();
  }

  #take(sequence: Sequence): number {
    const at = this.#lines.findIndex((line) => line === undefined || line.sequence.state !== 'running');
    assert(at >= 0, '[sampler] more sequences run than may');
    this.#lines[at] = { sequence, counted: -1 };
    return at;
  }

  #write(line: number, drawn: ReadonlyMap<number, number>): void {
    const counts = new Int32Array(this.#vocabulary);
    for (const [token, count] of drawn) counts[token] = count;
    this.tensor.write(counts, line * this.#vocabulary);
  }
}
