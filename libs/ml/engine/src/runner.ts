import type { AdapterRows, CausalModel, KvCache, StepBatch } from '@hone/models';
import type { LoraAdapter, LoraStacks, StackedAdapter } from '@hone/nn';
import type { Tensor } from '@hone/tensor';
import type { PlannedRows } from './scheduler.js';
import type { AdapterKey, Sequence } from './sequence.js';

export interface EngineAdapter extends AdapterKey {
  readonly lora: LoraAdapter | StackedAdapter;
}

/** A row whose next token is given: its log-probability is wanted. */
export interface ScoredRow {
  sequence: Sequence<EngineAdapter>;
  target: number;
}

/** Logits [draws + scores, V]: first the rows that draw a token, then the scored ones. */
export interface StepLogits {
  logits: Tensor;
  draws: Sequence<EngineAdapter>[];
  scores: ScoredRow[];
}

type Planned = PlannedRows<EngineAdapter>;

/** Passes planned rows of any mix (prompt chunks, single tokens, several adapters) through the model in one step. */
export function runStep(
  model: CausalModel,
  kv: KvCache,
  planned: readonly Planned[],
  stacks?: LoraStacks,
): StepLogits | undefined {
  const ordered = orderedByAdapter(planned);
  const { batch: plain, draws, scores } = layOut(ordered, kv);
  const batch = { ...plain, stacks };
  const isSilent = batch.logitRows.length === 0;
  // A step of prompt chunks alone wants no logits, but a tensor has at least one row: the first one is computed and dropped.
  const logits = model.step(isSilent ? { ...batch, logitRows: Int32Array.of(0) } : batch);
  return isSilent ? undefined : { logits, draws, scores };
}

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

export function layOut(planned: readonly Planned[], kv: KvCache): Omit<StepLogits, 'logits'> & { batch: StepBatch } {
  const rows = planned.reduce((sum, { count }) => sum + count, 0);
  const blocksPerSequence = Math.max(1, ...planned.map(({ sequence }) => sequence.blocks.length));
  const batch = {
    ids: new Int32Array(rows),
    positions: new Int32Array(rows),
    rowSequence: new Int32Array(rows),
    rowPosition: new Int32Array(rows),
    slots: new Int32Array(rows),
    blockTable: new Int32Array(planned.length * blocksPerSequence),
    blocksPerSequence,
    kv,
  };
  const drawRows: number[] = [];
  const scoreRows: number[] = [];
  const draws: Sequence<EngineAdapter>[] = [];
  const scores: ScoredRow[] = [];
  let row = 0;
  for (const [index, { sequence, start, count }] of planned.entries()) {
    batch.blockTable.set(sequence.blocks, index * blocksPerSequence);
    for (let position = start; position < start + count; position++, row++) {
      batch.ids[row] = sequence.tokens[position] as number;
      batch.positions[row] = position;
      batch.rowSequence[row] = index;
      batch.rowPosition[row] = position;
      const block = sequence.blocks[Math.floor(position / kv.pageSize)] as number;
      batch.slots[row] = block * kv.pageSize + (position % kv.pageSize);
      if (position >= sequence.scoreNext && position < sequence.scoreEnd) {
        scoreRows.push(row);
        scores.push({ sequence, target: sequence.tokens[position + 1] as number });
      }
    }
    if (sequence.tokensMax > 0 && start + count === sequence.tokens.length) {
      drawRows.push(row - 1);
      draws.push(sequence);
    }
  }
  const logitRows = Int32Array.from([...drawRows, ...scoreRows]);
  return { batch: { ...batch, logitRows, adapters: adapterRanges(planned) }, draws, scores };
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
