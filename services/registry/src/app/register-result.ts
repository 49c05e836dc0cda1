import { asHoneError } from '@hone/base';
import { adapterRefused, type InputOf, type runFinished } from '@hone/contracts';
import type { MeshContext } from '@hone/mesh';
import { registerAdapter } from './register-adapter.js';
import type { RegistryState } from './registry-state.js';

/**
 * Registers the result of a run, or tells for good that it gets no name: its job would wait for ever otherwise. The message
 * still goes to the dead letters, because a run that ended in vain deserves to be looked at.
 */
export async function registerResult(
  state: RegistryState,
  run: InputOf<typeof runFinished>,
  { storedAt, isLastAttempt }: Pick<MeshContext, 'storedAt' | 'isLastAttempt'>,
): Promise<void> {
  try {
    await registerAdapter(state, run, storedAt);
  } catch (thrown) {
    const error = asHoneError(thrown);
    if (error.kind === 'refusal' || isLastAttempt) {
      const told = { job: run.job, model: run.model, error: { ...error.toJSON() } };
      await state.mesh.emit(adapterRefused, told, { id: run.job });
    }
    throw thrown;
  }
}
