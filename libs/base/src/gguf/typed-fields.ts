import { refuseGguf } from './cursor.js';
import type { GgufValue } from './fields.js';

/** Metadata values with the types that their keys promise; a wrong one is refused under its own key. */
export class GgufFields {
  constructor(
    readonly file: string,
    readonly fields: ReadonlyMap<string, GgufValue>,
  ) {}

  text(key: string, fallback?: string): string {
    const value = this.fields.get(key) ?? fallback;
    if (typeof value === 'string') return value;
    throw this.bad(key, 'a text');
  }

  /** A whole number above zero. */
  size(key: string, fallback?: number): number {
    const value = this.fields.get(key) ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw this.bad(key, 'a whole number above zero');
  }

  /** An f32 as the shortest decimal that stands for it: 1e-5, not 0.000009999999747378752. */
  float(key: string, fallback?: number): number {
    const value = this.fields.get(key) ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value)) return shortest(value);
    throw this.bad(key, 'a number');
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.fields.get(key) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.bad(key, 'true or false');
  }

  id(key: string): number | undefined {
    const value = this.fields.get(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.bad(key, 'a token id');
  }

  texts(key: string): readonly string[] {
    const value = this.fields.get(key);
    if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
    throw this.bad(key, 'a list of texts');
  }

  /** Numbers, of which there have to be `count`; undefined when the key is absent. */
  numbers(key: string, count: number): Float64Array | undefined {
    const value = this.fields.get(key);
    if (value === undefined) return undefined;
    if (value instanceof Float64Array && value.length === count) return value;
    throw this.bad(key, `a list of ${count} numbers`);
  }

  only(key: string, supported: GgufValue, reason: string): void {
    const value = this.fields.get(key);
    if (value === undefined || value === supported) return;
    throw refuseGguf(this.file, `${key} = ${shown(value)} is not supported: ${reason}`, 'use another model');
  }

  bad(key: string, expected: string): Error {
    return refuseGguf(this.file, `expected ${expected} for ${key} but received ${shown(this.fields.get(key))}`);
  }
}

const shown = (value: GgufValue | undefined): string =>
  value === undefined
    ? 'nothing'
    : typeof value === 'object'
      ? `a list of ${value.length}`
      : String(value).slice(0, 80);

function shortest(value: number): number {
  const single = Math.fround(value);
  if (single !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === single) return rounded;
  }
  return value;
}
