import { digestOf } from '@hone/base';
import { NearDuplicateIndex, signatureOf } from './min-hash.js';
import { normaliseRow } from './normalise.js';
import type { EvaluationQuestions } from './overlap.js';
import { parseLine } from './parse-row.js';
import { lineLimits, readLines } from './read-lines.js';
import { redactRow } from './redact.js';
import { kindOf, RowError, textOf, type Origin, type Refusal, type Row, type RowKind } from './row.js';
import { splitOf, type Split } from './split.js';

export interface CurateOptions {
  seed: number;
  /** The share of rows for validation; 0 when there is a validation file. */
  validationFraction: number;
  /** Takes personal data out; on by default. */
  redact?: boolean;
  /** Jaccard similarity from which two rows count as near duplicates; they stay on one side of the split. */
  nearDuplicateJaccard?: number;
  /** Near duplicates are counted by default; true drops all but the first. */
  dropNearDuplicates?: boolean;
  /** Rows that ask one of these questions are dropped. */
  evaluation?: EvaluationQuestions;
  lineBytesMax?: number;
}

export interface CuratedRow {
  row: Row;
  split: Split;
  origin: Origin;
}

export interface CurationReport {
  lines: number;
  kept: Record<Split, number>;
  kinds: Partial<Record<RowKind, number>>;
  /** Rows that were dropped by a rule, and rows that were malformed, each with its line and reason. */
  refusals: Refusal[];
  redactions: number;
  duplicates: number;
  nearDuplicates: number;
}

/** Refusals are all counted and these many kept: a file of rubbish must not fill the memory. */
const refusalsKeptMax = 1000;

/**
 * Takes the lines of files through the whole of curation: parse, normalise, redact, de-duplicate, keep away from evaluations,
 * split. One instance sees all files of a dataset version, so a row that is in two files is taken once. Holds per row a digest
 * and a signature in its search tables (3.7 KiB measured), never the row.
 */
export class Curation {
  readonly report: CurationReport = {
    lines: 0,
    kept: { train: 0, validation: 0 },
    kinds: {},
    refusals: [],
    redactions: 0,
    duplicates: 0,
    nearDuplicates: 0,
  };
  readonly #options: Required<Omit<CurateOptions, 'evaluation'>> & Pick<CurateOptions, 'evaluation'>;
  readonly #seen = new Set<string>();
  readonly #near: NearDuplicateIndex;
  /** The digest of each row in the near-duplicate index: the split key of those that are like it. */
  readonly #keys: string[] = [];
  #refused = 0;

  constructor(options: CurateOptions) {
    this.#options = {
      redact: true,
      nearDuplicateJaccard: 0.9,
      dropNearDuplicates: false,
      lineBytesMax: lineLimits.lineBytesMax,
      ...options,
    };
    this.#near = new NearDuplicateIndex(this.#options.nearDuplicateJaccard);
  }

  /** How many rows were not taken; `report.refusals` holds the first of them. */
  get refused(): number {
    return this.#refused;
  }

  /** The rows of one JSONL file that are taken; `split` puts all of them on one side. */
  async *file(
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    { file, split }: { file?: string; split?: Split } = {},
  ): AsyncGenerator<CuratedRow> {
    for await (const read of readLines(chunks, { lineBytesMax: this.#options.lineBytesMax })) {
      this.report.lines++;
      const origin = { ...(file === undefined ? {} : { file }), line: read.line };
      if ('code' in read) this.#refuse({ ...origin, code: read.code, reason: read.reason });
      else {
        const taken = this.#take(read.text, origin, split);
        if (taken) yield taken;
      }
    }
  }

  #take(text: string, origin: Origin, split: Split | undefined): CuratedRow | undefined {
    try {
      const { row, key } = this.#accept(this.#cleaned(parseLine(text)));
      const side = split ?? splitOf(key, this.#options.seed, this.#options.validationFraction);
      this.report.kept[side]++;
      const kind = kindOf(row);
      this.report.kinds[kind] = (this.report.kinds[kind] ?? 0) + 1;
      return { row, split: side, origin };
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      this.#refuse({ ...origin, code: error.code, reason: error.message });
      return undefined;
    }
  }

  #cleaned(parsed: Row): Row {
    const row = normaliseRow(parsed);
    if (!this.#options.redact) return row;
    const redacted = redactRow(row);
    this.report.redactions += redacted.findings;
    return redacted.row;
  }

  /** Throws when the row was seen before or belongs to an evaluation; otherwise says under which key it is split. */
  #accept(row: Row): { row: Row; key: string } {
    if (this.#options.evaluation?.overlaps(row))
      throw new RowError('evaluation_overlap', 'the question is part of an evaluation');
    const key = digestOf(row);
    if (this.#seen.has(key)) {
      this.report.duplicates++;
      throw new RowError('duplicate', 'the same row came before');
    }
    const signature = signatureOf(textOf(row));
    const like = this.#near.find(signature);
    if (like !== undefined) {
      this.report.nearDuplicates++;
      if (this.#options.dropNearDuplicates) throw new RowError('near_duplicate', 'nearly the same row came before');
    }
    this.#seen.add(key);
    this.#near.add(signature);
    const splitKey = like === undefined ? key : (this.#keys[like] as string);
    this.#keys.push(splitKey);
    return { row, key: splitKey };
  }

  #refuse(refusal: Refusal): void {
    this.#refused++;
    if (this.report.refusals.length < refusalsKeptMax) this.report.refusals.push(refusal);
  }
}
