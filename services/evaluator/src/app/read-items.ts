import { type Digest, refusal } from '@hone/base';
import { datasetManifest, type EvaluationEntry, fileGet } from '@hone/contracts';
import { normaliseRow, parseLine, readLines, type Row, RowError } from '@hone/data';
import { chunkBytesMax, type EvaluationItem, evaluationItem, itemBytes } from '../domain/evaluation-item.js';
import type { EvaluatorState } from './evaluator-state.js';

/** The questions and reference answers of an evaluation, in the order of their rows, at most as many as the settings say. */
export async function readItems(state: EvaluatorState, entry: EvaluationEntry): Promise<EvaluationItem[]> {
  const items: EvaluationItem[] = [];
  const source = entry.file ? fileRows(state, entry.file) : datasetRows(state, entry.dataset);
  // To the end also when there are enough: only then is it proved that the bytes are the right ones.
  for await (const row of source) {
    const item = items.length < state.settings.rowsMax ? itemOf(row) : undefined;
    if (item && itemBytes(item) <= chunkBytesMax) items.push(item);
  }
  if (items.length > 0) return items;
  const place = entry.file ? `file ${entry.file}` : `validation split of ${entry.dataset}`;
  throw refusal(
    'nothing_to_evaluate_on',
    `[evaluation ${entry.id}] expected at least one chat row with an answer in the ${place} but found none; fix: give held-out rows`,
  );
}

function itemOf(row: Row): EvaluationItem | undefined {
  if (!('messages' in row)) return undefined;
  const messages = row.messages.map((message) => ({ ...message }));
  return 'chosen' in row ? { messages, answer: row.chosen } : evaluationItem(messages);
}

async function* datasetRows({ store }: EvaluatorState, dataset: Digest | undefined): AsyncGenerator<Row> {
  if (!dataset) return;
  const { splits } = await store.getManifest(dataset, datasetManifest);
  for (const chunk of splits.validation.chunks) {
    for await (const line of readLines(store.stream(chunk.digest), { lineBytesMax: chunk.bytes })) {
      if ('text' in line) yield JSON.parse(line.text) as Row;
    }
  }
}

/** A file's rows are as a person wrote them: a row that is none is refused with its line. */
async function* fileRows({ mesh, store }: EvaluatorState, id: string): AsyncGenerator<Row> {
  const file = await mesh.request(fileGet, { id });
  for await (const line of readLines(store.stream(file.digest))) {
    if ('code' in line) throw invalidLine(id, line.line, line.reason);
    try {
      yield normaliseRow(parseLine(line.text));
    } catch (thrown) {
      throw thrown instanceof RowError ? invalidLine(id, line.line, thrown.message) : thrown;
    }
  }
}

const invalidLine = (file: string, line: number, reason: string) =>
  refusal(
    'invalid_file',
    `[file ${file}] expected every line to be a row but line ${line} is none: ${reason}; fix: correct the line`,
    {
      param: 'file',
      details: { lines: [line] },
    },
  );
