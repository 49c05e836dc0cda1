import { HoneError } from '@hone/base';

/** The faults of a disk that is full, and of a bus that cannot store because of it. */
const codes = new Set(['store_full', 'disk_full', 'ledger_unavailable', 'bus_unavailable']);

/** Whether a failure lies in the room that is left and not in the work: it passes when somebody frees space. */
export const isNoRoom = (thrown: unknown): boolean =>
  thrown instanceof HoneError ? thrown.kind === 'fault' && codes.has(thrown.code) : systemCode(thrown) === 'ENOSPC';

/** Asked by shape: an error of another thread is no instance of this one's Error. */
const systemCode = (thrown: unknown): unknown =>
  thrown !== null && typeof thrown === 'object' && 'code' in thrown ? thrown.code : undefined;
