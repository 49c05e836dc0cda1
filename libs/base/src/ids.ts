import { ulid } from 'ulid';

/** Ids are `<prefix>-<ulid>`: sortable by time, safe in paths, subjects and URLs. */
export type Id = string;

export const idPattern = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/;

/** A new id, e.g. `newId('ftjob')` -> `ftjob-01kb2v...`. */
export const newId = (prefix: string): Id => `${prefix}-${ulid().toLowerCase()}`;

/** A name that a person chose: lower-case letters, digits and dashes, at most 63 (a DNS label). */
export const namePattern = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

export const isName = (text: string): boolean => namePattern.test(text);
