import type { LoraAdapter } from '@hone/nn';
import type { CausalModel, PackedBatch } from '@hone/models';

/** Sequences laid end to end. */
export function packedBatch(sequences: readonly (readonly number[])[], adapter?: LoraAdapter): PackedBatch {
  const starts = [0];
  for (const ids of sequences) starts.push((starts.at(-1) as number) + ids.length);
  return {
    ids: Int32Array.from(sequences.flat()),
    positions: Int32Array.from(sequences.flatMap((ids) => ids.map((_, position) => position))),
    cuSeqlens: Int32Array.from(starts),
    ...(adapter ? { adapter } : {}),
  };
}

/** Each row's next token; the last row of a sequence has none. */
export const targetsOf = (sequences: readonly (readonly number[])[]): Int32Array =>
  Int32Array.from(sequences.flatMap((ids) => [...ids.slice(1), -1]));

const pageSize = 4;

/**
 * log p(ids[i]) at place i (0 for the first), computed by engine steps over paged keys and values. All sequences are fed
 * together, in chunks of the given sizes; their pages interleave.
 */
export function pagedLogProbs(
  model: CausalModel,
  sequences: readonly (readonly number[])[],
  chunks: readonly number[],
  adapter?: LoraAdapter,
): number[] {
  const blocks = Math.ceil(Math.max(...sequences.map(({ length }) => length)) / pageSize);
  const kv = model.newKvCache(blocks * sequences.length, pageSize);
  const page = (lane: number, block: number) => block * sequences.length + lane;
  const results = sequences.map((ids) => ids.map(() => 0));
  let done = 0;
  for (const size of chunks) {
    const rows = sequences.flatMap((ids, lane) =>
      ids.slice(done, done + size).map((id, i) => ({ id, lane, position: done + i })),
    );
    done += size;
    if (rows.length === 0) continue;
    const ints = (value: (row: (typeof rows)[0]) => number) => Int32Array.from(rows, value);
    const logits = model
      .step({
        ids: ints(({ id }) => id),
        positions: ints(({ position }) => position),
        rowSequence: ints(({ lane }) => lane),
        rowPosition: ints(({ position }) => position),
        slots: ints(
          ({ lane, position }) => page(lane, Math.floor(position / pageSize)) * pageSize + (position % pageSize),
        ),
        blockTable: Int32Array.from(
          sequences.flatMap((_, lane) => Array.from({ length: blocks }, (__, block) => page(lane, block))),
        ),
        blocksPerSequence: blocks,
        kv,
        adapters: adapter ? [{ adapter, rowStart: 0, rowEnd: rows.length }] : [],
        logitRows: Int32Array.from(rows.keys()),
      })
      .floats();
    rows.forEach(({ lane, position }, row) => {
      const target = sequences[lane]?.[position + 1];
      if (target === undefined) return;
      const values = logits.subarray(row * model.shape.vocabSize, (row + 1) * model.shape.vocabSize);
      (results[lane] as number[])[position + 1] = logSoftmaxAt(values, target);
    });
  }
  kv.free();
  return results.flat();
}

function logSoftmaxAt(logits: Float32Array, target: number): number {
  const max = Math.max(...logits);
  const sum = logits.reduce((total, value) => total + Math.exp(value - max), 0);
  return (logits[target] as number) - max - Math.log(sum);
}
