import { refusal, suggest } from '@hone/base';
import { aliases, readElsewhere } from './names.js';

/** Reads arguments by name and in the end refuses every name that nobody asked for. */
export class ArgumentReader {
  readonly #given = new Map<string, unknown>();
  readonly #spelled = new Map<string, string>();
  readonly #asked = new Set<string>(readElsewhere);

  constructor(args: Readonly<Record<string, unknown>>) {
    for (const [spelled, value] of Object.entries(args)) {
      const name = Object.hasOwn(aliases, spelled) ? (aliases[spelled] as string) : spelled;
      if (value === undefined || value === null) {
        this.#spelled.set(name, spelled);
        continue;
      }
      const other = this.#given.get(name);
      if (other !== undefined && other !== value) {
        throw refuse(spelled, `conflicts with ${this.#spelled.get(name)}`, 'give one of them');
      }
      this.#given.set(name, value);
      this.#spelled.set(name, spelled);
    }
  }

  has(name: string): boolean {
    this.#asked.add(name);
    return this.#given.has(name);
  }

  raw(name: string): unknown {
    this.#asked.add(name);
    return this.#given.get(name);
  }

  /** A number; "auto" counts as absent. Numbers written as text (command lines, forms) are read. */
  number(name: string, fallback: number, { min = -Infinity, max = Infinity } = {}): number {
    const raw = this.raw(name);
    if (raw === undefined || raw === 'auto') return fallback;
    const value = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
    if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return value;
    const bounds = max === Infinity ? (min === -Infinity ? '' : ` of at least ${min}`) : ` from ${min} to ${max}`;
    throw this.expected(name, `a number${bounds}`);
  }

  integer(name: string, fallback: number, bounds: { min?: number; max?: number } = {}): number {
    const value = this.number(name, fallback, bounds);
    if (Number.isSafeInteger(value)) return value;
    throw this.expected(name, 'a whole number');
  }

  flag(name: string, fallback: boolean): boolean {
    const raw = this.raw(name) ?? fallback;
    if (typeof raw === 'boolean') return raw;
    if (raw === 'true' || raw === 'false') return raw === 'true';
    throw this.expected(name, 'true or false');
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const raw = this.raw(name) ?? fallback;
    const found = choices.find((choice) => choice === raw);
    if (found !== undefined) return found;
    throw this.expected(name, `one of ${choices.join(', ')}`);
  }

  expected(name: string, what: string): Error {
    const value = JSON.stringify(this.raw(name));
    return refuse(this.#spelled.get(name) ?? name, `received ${value}`, `give ${what}`);
  }

  /** Refuses what was given but never asked for, with the nearest known name. */
  finish(): void {
    for (const name of this.#given.keys()) {
      if (this.#asked.has(name)) continue;
      const spelled = this.#spelled.get(name) as string;
      const near = suggest(spelled, [...this.#asked, ...Object.keys(aliases)]);
      throw refuse(
        spelled,
        'is not a known argument',
        near ? `did you mean ${near}?` : 'leave it out',
        'unknown_argument',
      );
    }
  }
}

export const refuse = (name: string, problem: string, fix: string, code = 'invalid_argument') =>
  refusal(code, `[arguments] ${name} ${problem}; fix: ${fix}`, { param: name });
