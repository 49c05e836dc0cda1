import { digestOfBytes } from '@hone/base';

/** A model's name may hold a colon, which a ledger key may not: its id there is the hex of the name's sha256. */
export const modelId = (name: string): string => digestOfBytes(name).slice('sha256:'.length);
