import { asHoneError } from '@hone/base';
import { type datasetPublished, type InputOf, shardsPublished, shardsRefused } from '@hone/contracts';
import type { MeshContext } from '@hone/mesh';
import { tokenizeDataset } from './tokenize-dataset.js';
import type { TokenizerState } from './tokenizer-state.js';

/**
 * Tokenizes and tells. Whoever waits is always answered: a refusal and damaged bytes at once, anything else when the deliveries
 * are used up (the message then also goes to the dead letters, because a fault of ours deserves to be looked at).
 */
export async function publishShards(
  state: TokenizerState,
  { requestId, dataset, base }: InputOf<typeof datasetPublished>,
  { isLastAttempt }: Pick<MeshContext, 'isLastAttempt'>,
): Promise<void> {
  try {
    const { shards, tokens } = await tokenizeDataset(state, dataset, base);
    await state.mesh.emit(shardsPublished, { requestId, dataset, shards, base, tokens }, { id: requestId });
  } catch (thrown) {
    const error = asHoneError(thrown);
    const isFinal = error.kind === 'refusal' || error.code === 'artifact_corrupt';
    if (!isFinal && !isLastAttempt) throw thrown;
    await state.mesh.emit(shardsRefused, { requestId, error: { ...error.toJSON() } }, { id: requestId });
    if (!isFinal) throw thrown;
  }
}
