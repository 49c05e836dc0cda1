import type { AdapterRows, CausalModel, KvCache } from '@hone/models';
import type { LoraAdapter, LoraPages, PagedAdapter } from '@hone/nn';
import type { Tensor } from '@hone/tensor';
import type { PlannedRows } from './scheduler.js';
import type { Drawing } from './sampler.js';
import type { AdapterKey, Sequence } from './sequence.js';

export interface EngineAdapter extends AdapterKey {
  readonly lora: LoraAdapter | PagedAdapter;
}

/** A sequence whose last row of a step draws a token. */
export type DrawingSequence = Sequence<EngineAdapter> & Drawing;

/** A row whose next token is given: its log-probability is wanted. */
export interface ScoredRow {
  sequence: Sequence<EngineAdapter>;
  target: number;
}

/** The rows of a step whose logits are wanted, and what for. */
export interface WantedRows {
  readonly draws: DrawingSequence[];
  readonly drawRows: number[];
  readonly scores: ScoredRow[];
  readonly scoreRows: number[];
}

type Planned = PlannedRows<EngineAdapter>;

/** What each row of a step is, and the blocks of each of its sequences: arrays with at least as many places. */
export interface RowNumbers {
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  readonly rowSequence: Int32Array;
  readonly slots: Int32Array;
  readonly blockTable: Int32Array;
}

/**
 * Passes planned rows of any mix (prompt chunks, single tokens, several adapters, which lie by adapter) through the model in one step that
 * is composed op by op. Logits [draws + scores, V]: first the rows that draw a token, then the scored ones.
 */
export function runStep(
  model: CausalModel,
  kv: KvCache,
  { planned, wanted }: { planned: readonly Planned[]; wanted: WantedRows },
  loraPages?: LoraPages,
): Tensor | undefined {
  const rows = rowsOf(planned);
  const blocksPerSequence = Math.max(1, ...planned.map(({ sequence }) => sequence.blocks.length));
  const numbers = {
    ids: new Int32Array(rows),
    positions: new Int32Array(rows),
    rowSequence: new Int32Array(rows),
    slots: new Int32Array(rows),
    blockTable: new Int32Array(planned.length * blocksPerSequence),
  };
  layOutRows(planned, { pageSize: kv.pageSize, blocksPerSequence }, numbers);
  const logitRows = Int32Array.from([...wanted.drawRows, ...wanted.scoreRows]);
  const batch = {
    ...numbers,
    rowPosition: numbers.positions,
    blocksPerSequence,
    kv,
    adapters: adapterRanges(planned),
    loraPages,
  };
  const isSilent = logitRows.length === 0;
  // A step of prompt chunks alone wants no logits, but a tensor has at least one row: the first one is computed and dropped.
  const logits = model.step({ ...batch, logitRows: isSilent ? Int32Array.of(0) : logitRows });
  return isSilent ? undefined : logits;
}

export const rowsOf = (planned: readonly Planned[]): number => planned.reduce((sum, { count }) => sum + count, 0);

/** Rows of one adapter become neighbours, since a LoRA product is run per adapter; the plain base's rows come first. */
export function orderedByAdapter(planned: readonly Planned[]): Planned[] {
  if (planned.every(({ sequence }) => sequence.adapter === undefined)) return [...planned];
  const groups = new Map<string, Planned[]>([['', []]]);
  for (const rows of planned) {
    const key = rows.sequence.adapter?.key ?? '';
    const group = groups.get(key);
    if (group) group.push(rows);
    else groups.set(key, [rows]);
  }
  return [...groups.values()].flat();
}

/** Writes down the rows of a step one after the other, and returns how many they are. */
export function layOutRows(
  planned: readonly Planned[],
  { pageSize, blocksPerSequence }: { pageSize: number; blocksPerSequence: number },
  { ids, positions, rowSequence, slots, blockTable }: RowNumbers,
): number {
  let row = 0;
  for (const [index, { sequence, start, count }] of planned.entries()) {
    const { tokens, blocks } = sequence;
    blockTable.set(blocks, index * blocksPerSequence);
    for (let position = start; position < start + count; position++, row++) {
      ids[row] = tokens[position] as number;
      positions[row] = position;
      rowSequence[row] = index;
      const block = blocks[Math.floor(position / pageSize)] as number;
      slots[row] = block * pageSize + (position % pageSize);
    }
  }
  return row;
}

/** The rows of a step that draw a token, and those whose next token is given and asked about. */
export function wantedRows(planned: readonly Planned[]): WantedRows {
  const wanted: WantedRows = { draws: [], drawRows: [], scores: [], scoreRows: [] };
  let row = 0;
  for (const { sequence, start, count } of planned) {
    const end = start + count;
    const scoreEnd = Math.min(end, sequence.scoreEnd);
    for (let position = Math.max(start, sequence.scoreNext); position < scoreEnd; position++) {
      wanted.scoreRows.push(row + position - start);
      wanted.scores.push({ sequence, target: sequence.tokens[position + 1] as number });
    }
    row += count;
    if (sequence.tokensMax > 0 && end === sequence.tokens.length) {
      wanted.drawRows.push(row - 1);
      wanted.draws.push(sequence as DrawingSequence);
    }
  }
  return wanted;
}

/** The rows of each adapter among planned ones that lie by adapter. */
export function adapterRanges(planned: readonly Pick<Planned, 'sequence' | 'count'>[]): AdapterRows[] {
  const adapters: AdapterRows[] = [];
  let row = 0;
  for (const { sequence, count } of planned) {
    const last = adapters.at(-1);
    if (sequence.adapter) {
      if (last && last.adapter === sequence.adapter.lora && last.rowEnd === row) last.rowEnd += count;
      else adapters.push({ adapter: sequence.adapter.lora, rowStart: row, rowEnd: row + count });
    }
    row += count;
  }
  return adapters;
}
