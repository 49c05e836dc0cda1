import { asHoneError, type HoneError } from '@hone/base';
import { datasetPublished, datasetRefused, type DatasetRequest } from '@hone/contracts';
import type { MeshContext } from '@hone/mesh';
import type { RefusedRow } from '../domain/dataset-refusal.js';
import { buildDataset } from './build-dataset.js';
import type { CurationState } from './curation-state.js';

/**
 * Builds and tells. Whoever asked is always answered: a refusal and damaged bytes at once, anything else when the deliveries
 * are used up (the message then also goes to the dead letters, because a fault of ours deserves to be looked at).
 */
export async function publishDataset(
  state: CurationState,
  request: DatasetRequest,
  { isLastAttempt }: Pick<MeshContext, 'isLastAttempt'>,
): Promise<void> {
  const { requestId, base } = request;
  try {
    const { dataset, manifest, feedback } = await buildDataset(state, request);
    const { train, validation } = manifest.splits;
    const rows = { train: train.rows, validation: validation.rows, refused: manifest.refused.count, feedback };
    const parent = request.parent ? { parent: request.parent } : {};
    await state.mesh.emit(datasetPublished, { requestId, dataset, base, ...parent, rows }, { id: requestId });
  } catch (thrown) {
    const error = asHoneError(thrown);
    const isFinal = error.kind === 'refusal' || error.code === 'artifact_corrupt';
    if (!isFinal && !isLastAttempt) throw thrown;
    await refuse(state, requestId, error);
    if (!isFinal) throw thrown;
  }
}

async function refuse(state: CurationState, requestId: string, error: HoneError): Promise<void> {
  const refused = (error.details?.['refused'] as RefusedRow[] | undefined) ?? [];
  const { refused: _listed, ...details } = error.details ?? {};
  const body = { ...error.toJSON(), details };
  await state.mesh.emit(datasetRefused, { requestId, error: body, refused }, { id: requestId });
}
