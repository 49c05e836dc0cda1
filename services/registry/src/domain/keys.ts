import { digestOfBytes } from '@hone/base';

/** A model's name may hold a colon, which a ledger key may not: the key is the hex of the name's sha256. */
export const modelKey = (name: string): string => `model.${digestOfBytes(name).slice('sha256:'.length)}`;
export const aliasKey = (name: string): string => `alias.${name}`;
export const experimentKey = (name: string): string => `experiment.${name}`;
