import { type HoneError, refusal } from '@hone/base';
import type { ShardsManifest } from '@hone/contracts';

export type DropReason = 'all_masked' | 'too_long' | 'template_refused';

/** So many dropped rows are listed in a manifest; all of them are counted. */
export const droppedListedMax = 100;
const reasonCharsMax = 300;

/** The rows that could not become tokens, counted by reason, the first of them kept with their places. */
export class DroppedRows {
  readonly listed: ShardsManifest['dropped'] = [];
  readonly #counts = new Map<DropReason, number>();

  add(split: string, row: number, code: DropReason, reason: string): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    if (this.listed.length < droppedListedMax)
      this.listed.push({ split, row, reason: reason.slice(0, reasonCharsMax) });
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Why a dataset version gave nothing to learn: the most frequent reason, with its first row as the example. */
  refusal(lengthMax: number): HoneError {
    const [code] = [...this.#counts].sort(([, a], [, b]) => b - a)[0] ?? ['all_masked'];
    const first = this.listed[0];
    const example = first ? `, e.g. ${first.split} row ${first.row}: ${first.reason}` : '';
    const message = `[shards] expected at least one row with a token to learn but all ${this.count} were left out${example}`;
    const fixes: Record<DropReason, string> = {
      all_masked: 'give at least one assistant message weight 1',
      too_long: `shorten the rows to ${lengthMax} tokens`,
      template_refused: "write the rows as the base's chat template wants them",
    };
    return refusal(code, `${message}; fix: ${fixes[code]}`, { param: 'training_file', details: { rows: this.count } });
  }
}
