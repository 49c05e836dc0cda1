import { bug } from './errors.js';

/**
 * JSON with sorted keys and no white space, so that equal values have equal digests (the sorted subset of RFC 8785; object
 * keys are compared by UTF-16 code unit). `undefined` members are left out; NaN and infinities are a bug.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw bug('canonical_json', `[canonicalJson] expected a finite number but received ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
  }
  throw bug('canonical_json', `[canonicalJson] expected JSON data but received a ${typeof value}`);
}
