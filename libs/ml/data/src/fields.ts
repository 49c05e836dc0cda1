import { RowError } from './row.js';

/** The members of a JSON object before anybody has looked at them. */
export type Fields = Record<string, unknown>;

export const describe = (value: unknown): string =>
  value === null || value === undefined ? String(value) : Array.isArray(value) ? 'a list' : `a ${typeof value}`;

/** A text that must be there and must not be empty. */
export function required(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string')
    throw new RowError('wrong_type', `expected ${name} to be text but received ${describe(value)}`);
  if (value.trim() === '') throw new RowError('empty', `expected ${name} to have text but it is empty`);
  return value;
}

/** A text that may be absent, null or empty, which all mean the same. */
export function optional(fields: Fields, name: string): string {
  const value = fields[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string')
    throw new RowError('wrong_type', `expected ${name} to be text but received ${describe(value)}`);
  return value.trim() === '' ? '' : value;
}

/** The first of several spellings of one field that is there. */
export const spelled = (fields: Fields, names: readonly string[]): string | undefined =>
  names.find((name) => fields[name] !== undefined && fields[name] !== null);
