import { refusal } from '@hone/base';

/**
 * Modules that are described one by one before the files are looked at; the largest published models have some hundred layers and
 * experts. Sizes of matrices need no limit: they are compared with the files before memory is taken.
 */
const countsMax: Readonly<Record<string, number>> = {
  num_hidden_layers: 1024,
  n_layer: 1024,
  num_experts: 1024,
  num_local_experts: 1024,
};

/** Reads typed fields of a config.json; a wrong type is refused under the field's own name. */
export class ConfigFields {
  readonly #fields: Record<string, unknown>;

  constructor(fields: Record<string, unknown>) {
    this.#fields = fields;
  }

  /** The raw value; null counts as absent, as in transformers. */
  raw(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }

  /** Whether the field is there at all, null included: some defaults hold only for a field that is missing. */
  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name);
  }

  number(name: string, fallback?: number): number {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.bad(name, 'a number');
  }

  /** A whole number above zero. */
  size(name: string, fallback?: number): number {
    const value = this.number(name, fallback);
    const most = countsMax[name];
    if (most !== undefined && value > most) throw this.bad(name, `at most ${most}`);
    if (Number.isSafeInteger(value) && value > 0) return value;
    throw this.bad(name, 'a whole number above zero');
  }

  /** A size, or 0 for null; `fallback` where the field is missing, undefined = 0 there too. */
  sizeOrNone(name: string, fallback: number | undefined): number {
    if (this.raw(name) !== undefined) return this.size(name);
    return this.has(name) ? 0 : (fallback ?? 0);
  }

  /** A number above zero, or undefined for null; `fallback` where the field is missing. */
  numberOrNone(name: string, fallback: number | undefined): number | undefined {
    if (!this.has(name)) return fallback;
    const value = this.raw(name);
    if (value === undefined || (typeof value === 'number' && value > 0)) return value;
    throw this.bad(name, 'null or a number above zero');
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.bad(name, 'true or false');
  }

  /** One id, a list of ids, or none. */
  ids(name: string): number[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.every((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0)) return list;
    throw this.bad(name, 'a token id or a list of them');
  }

  record(name: string): ConfigFields | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === 'object' && !Array.isArray(value)) return new ConfigFields(value as Record<string, unknown>);
    throw this.bad(name, 'an object');
  }

  /** Refuses a value other than the one that is supported; absent is fine. */
  only(name: string, supported: unknown, reason: string): void {
    const value = this.raw(name);
    if (value !== undefined && value !== supported) throw this.unsupported(name, reason);
  }

  unsupported(name: string, reason: string): Error {
    const value = JSON.stringify(this.raw(name));
    return refusal(
      'unsupported_config',
      `[config] ${name} = ${value} is not supported: ${reason}; fix: use a checkpoint without it`,
      { param: name },
    );
  }

  bad(name: string, expected: string): Error {
    const value = JSON.stringify(this.#fields[name]);
    const message = `[config] expected ${expected} for ${name} but received ${value}; fix: correct config.json`;
    return refusal('invalid_config', message, { param: name });
  }
}
