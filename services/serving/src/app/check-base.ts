import { checkBase as checkFolder } from '@hone/engine';
import type { Digest } from '@hone/base';
import { traced } from '@hone/telemetry';
import type { ServingState } from './serving-state.js';

/** Refuses a stored base that could never answer, as loading it would; nothing of it stays on this machine. */
export async function checkBase({ parts }: ServingState, manifest: Digest, signal: AbortSignal): Promise<void> {
  await traced('hone.serving.check', { 'hone.artifact.digest': manifest }, () =>
    parts.folders.glance(manifest, (folder) => checkFolder(folder, signal)),
  );
}
