import { fault, HoneError } from '@hone/base';

/** An error of the store as a fault that names the place and the act; a full disk has its own code. */
export function storeFault(store: string, act: string, cause: unknown): HoneError {
  if (cause instanceof HoneError) return cause;
  const code = errorCode(cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT' || /XMinioStorageFull|InsufficientStorage/.test(`${code} ${text}`)) {
    const message = `[${store}] expected room for ${act} but the disk is full; fix: free space ${inPlace(store)}, then repeat`;
    return fault('store_full', message, { status: 507, cause });
  }
  return fault(
    'store_failed',
    `[${store}] expected ${act} to succeed but received "${text}"; fix: look at the store and its log`,
    { cause, retryAfterSeconds: 5 },
  );
}

/** Runs an act on the store and names it when it fails. */
export async function named<T>(store: string, act: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw storeFault(store, act, cause);
  }
}

/** The system's code of an error (`ENOENT`); asked by shape, since an error of another realm is no instance of this one's Error. */
export const errorCode = (thrown: unknown): string =>
  thrown !== null && typeof thrown === 'object' && 'code' in thrown ? String(thrown.code) : '';

/** `in <folder>` for a store that is a folder: there is where the room is wanted. */
const inPlace = (store: string): string => {
  const [, folder] = /^(?:directory|folder) (.+)$/.exec(store) ?? [];
  return folder === undefined ? `on ${store}` : `in ${folder}`;
};
