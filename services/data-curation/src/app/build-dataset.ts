import type { Digest } from '@hone/base';
import { datasetManifest, type DatasetManifest, type DatasetRequest } from '@hone/contracts';
import { Curation, EvaluationQuestions, readLines } from '@hone/data';
import { invalidFile, isMistake, nothingToTrain, type RefusedRow, shownRefusals } from '../domain/dataset-refusal.js';
import { type SourceRole, storedLine, storedRow } from '../domain/stored-row.js';
import { ChunkWriter } from './chunk-writer.js';
import type { CurationState } from './curation-state.js';

export interface BuiltDataset {
  dataset: Digest;
  manifest: DatasetManifest;
  /** Rows that the votes added, before their repetitions. */
  feedback: number;
  refused: RefusedRow[];
}

type Source = DatasetManifest['sources'][number];
type Chunks = DatasetManifest['splits']['train']['chunks'];

/**
 * Builds a dataset version: everything of the parent, then the rows of the files, then the rows of the votes. Chunks are named
 * by their content, so a child shares its parent's, and repeating the votes costs no bytes. The same request gives the same
 * digest: neither time nor the request's id is in the manifest.
 */
export async function buildDataset(state: CurationState, request: DatasetRequest): Promise<BuiltDataset> {
  const parent = request.parent && (await state.store.getManifest(request.parent, datasetManifest));
  const { validationFraction, seed, feedbackRepeats } = request;
  const evaluation = new EvaluationQuestions();
  const hasValidation = parent !== undefined || request.validationFile !== undefined;
  const curation = new Curation({ seed, validationFraction: hasValidation ? 0 : validationFraction, evaluation });
  const splits = { train: new ChunkWriter(state.store), validation: new ChunkWriter(state.store) };
  const votes = new ChunkWriter(state.store);
  const take = async (digest: Digest | undefined, role: SourceRole): Promise<Source[]> => {
    if (digest === undefined) return [];
    const options = {
      file: role,
      ...(role === 'training' ? {} : { split: role === 'validation' ? role : ('train' as const) }),
    };
    for await (const curated of curation.file(state.store.stream(digest), options)) {
      await (role === 'feedback' ? votes : splits[curated.split]).add(storedLine(curated));
    }
    return [{ digest, role }];
  };
  const sources = await take(request.validationFile, 'validation');
  // From here on a row that asks a question of the validation split is left out: the evaluation must not measure memory.
  const validationSoFar = [...(parent?.splits.validation.chunks ?? []), ...(await splits.validation.finish())];
  await addQuestions(state, evaluation, validationSoFar);
  sources.push(...(await take(request.trainingFile, 'training')), ...(await take(request.feedbackRows, 'feedback')));
  refuseMistakes(curation, request);
  const voteChunks = await votes.finish();
  const train = [
    ...(parent?.splits.train.chunks ?? []),
    ...(await splits.train.finish()),
    ...Array.from({ length: feedbackRepeats }, () => voteChunks).flat(),
  ];
  const validation = [...(parent?.splits.validation.chunks ?? []), ...(await splits.validation.finish())];
  if (train.length === 0) throw nothingToTrain(curation.report);
  const refused = shownRefusals(curation.report.refusals);
  const manifest: DatasetManifest = {
    kind: 'dataset',
    ...(request.parent ? { parent: request.parent } : {}),
    sources: sources.sort((a, b) => (a.role < b.role ? -1 : 1)),
    options: { validationFraction, seed, feedbackRepeats },
    splits: { train: split(train), validation: split(validation) },
    refused: { count: curation.refused, first: refused },
    redactions: curation.report.redactions,
    duplicates: curation.report.duplicates,
  };
  return { dataset: await state.store.putManifest(manifest), manifest, feedback: rowsOf(voteChunks), refused };
}

/** A malformed line refuses the whole build when the caller is strict; otherwise it is only left out. */
function refuseMistakes({ report }: Curation, { strict }: DatasetRequest): void {
  const mistakes = report.refusals.filter(isMistake);
  if (strict && mistakes.length > 0) throw invalidFile(mistakes, report.lines);
}

async function addQuestions(state: CurationState, evaluation: EvaluationQuestions, chunks: Chunks): Promise<void> {
  for (const { digest } of chunks) {
    for await (const read of readLines(state.store.stream(digest))) {
      if ('text' in read) evaluation.add(storedRow(read.text));
    }
  }
}

const rowsOf = (chunks: Chunks): number => chunks.reduce((sum, { rows }) => sum + rows, 0);
const split = (chunks: Chunks) => ({ rows: rowsOf(chunks), chunks });
