import { setTimeout as pause } from 'node:timers/promises';
import { asHoneError } from '@hone/base';
import { ledgers, modelEntry } from '@hone/contracts';
import type { ServingState } from './serving-state.js';

const waitMs = 1000;

/** Waits until the models ledger answers: a service may be started before `hone up` has made the streams and buckets. */
export async function awaitLedger({ parts: { mesh, log } }: ServingState, signal: AbortSignal): Promise<void> {
  const models = mesh.ledger(ledgers.models, 'model', modelEntry);
  while (!signal.aborted) {
    try {
      await models.list();
      return;
    } catch (thrown) {
      const error = asHoneError(thrown);
      if (error.code !== 'ledger_unavailable') throw error;
      log.info({ reason: error.message }, 'waiting for the models ledger');
      await pause(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
