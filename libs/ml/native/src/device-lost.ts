import { type HoneError, fault } from '@hone/base';

/** Whether a call failed because the GPU or its driver gave up. */
export const isDeviceLost = (thrown: unknown): boolean => (thrown as { code?: unknown } | null)?.code === 'DEVICE_LOST';

/**
 * The loss of a GPU as a fault: nothing is wrong with what was asked for, so it may be asked again, of another device or another
 * process. Undefined for every other error.
 */
export function deviceLost(thrown: unknown): HoneError | undefined {
  if (!isDeviceLost(thrown)) return undefined;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const fix = 'a run goes on from its last checkpoint on another device; to use this GPU again, start the process anew';
  return fault('DEVICE_LOST', `${message}; fix: ${fix}`, { cause: thrown });
}
