/**
 * Why a pattern may take exponential time on some text, so that one request would hold the engine for ever; undefined where it cannot. The engine of
 * JavaScript backtracks: that happens where a repetition repeats something that can itself match one text in several ways, as in
 * (a+)+ or (a|a)*. Beyond that the degree of the polynomial is bounded by how many repetitions without end one branch has in a row.
 * Patterns are Oniguruma's, before they are rewritten for JavaScript; what cannot be followed here is not vouched for.
 */
export function backtracking(pattern: string): string | undefined {
  // JavaScript ends a class at its first bracket, where Oniguruma lets it hold others: neither reading may be dangerous.
  const asNested = read(pattern, true);
  if ('unreadable' in asNested) return asNested.unreadable;
  const asFlat = read(pattern, false);
  return problemOf(asNested.branches) ?? ('branches' in asFlat ? problemOf(asFlat.branches) : undefined);
}

function read(pattern: string, isNested: boolean): { branches: Item[][] } | { unreadable: string } {
  try {
    const reader = new Reader(pattern, isNested);
    const branches = reader.alternatives();
    return reader.isAtEnd ? { branches } : { unreadable: 'its brackets do not fit' };
  } catch (error) {
    if (error instanceof Unreadable) return { unreadable: error.message };
    throw error;
  }
}

/** The published patterns need two; with three a text of 10,000 characters may take 10^16 steps. */
const endlessMax = 2;
/** A repetition up to here counts as several ways to match, but not as one without end. */
const endlessFrom = 32;

interface Item {
  /** A group's branches; undefined for one character, class or anchor. */
  readonly group: readonly Item[][] | undefined;
  /** The character that this must be, where it must be one. */
  readonly literal: string | undefined;
  readonly min: number;
  readonly max: number;
}

function problemOf(alternatives: readonly (readonly Item[])[]): string | undefined {
  for (const branch of alternatives) {
    if (endlessIn(branch) > endlessMax) return `it has more than ${endlessMax} repetitions without end in one branch`;
    for (const { group, max } of branch) {
      if (!group) continue;
      if (max > 1 && isAmbiguous(group)) return 'it repeats a group that can match one text in several ways';
      const inner = problemOf(group);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

const endlessIn = (branch: readonly Item[]): number =>
  branch.reduce((sum, { group, max }) => {
    const inner = group ? Math.max(0, ...group.map(endlessIn)) : 0;
    return sum + inner + (max >= endlessFrom ? 1 : 0);
  }, 0);

/** Several ways: something inside varies in length, or two branches may begin alike. */
function isAmbiguous(alternatives: readonly (readonly Item[])[]): boolean {
  const varies = (branch: readonly Item[]): boolean =>
    branch.some(({ group, min, max }) => min !== max || (group !== undefined && isAmbiguous(group)));
  if (alternatives.some(varies)) return true;
  if (alternatives.length === 1) return false;
  const firsts = alternatives.map(([first]) => first?.literal);
  return firsts.includes(undefined) || new Set(firsts).size < firsts.length;
}

class Unreadable extends Error {}

/** Reads as much of a pattern as decides how it repeats. */
class Reader {
  #at = 0;

  constructor(
    private readonly pattern: string,
    private readonly isNested: boolean,
  ) {}

  get isAtEnd(): boolean {
    return this.#at >= this.pattern.length;
  }

  alternatives(): Item[][] {
    const branches: Item[][] = [[]];
    while (!this.isAtEnd && this.#next !== ')') {
      if (this.#takes('|')) branches.push([]);
      else (branches.at(-1) as Item[]).push(this.#item());
    }
    return branches;
  }

  get #next(): string | undefined {
    return this.pattern[this.#at];
  }

  #takes(text: string): boolean {
    if (!this.pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.#at;
    const found = form.exec(this.pattern);
    if (found) this.#at = form.lastIndex;
    return found;
  }

  #item(): Item {
    const atom = this.#atom();
    const times = this.#times();
    return { ...atom, ...times };
  }

  #atom(): Pick<Item, 'group' | 'literal'> {
    if (this.#takes('(')) {
      this.#match(/\?(?:[a-z]*:|=|!|<=|<!|>|<[A-Za-z_]\w*>)/y);
      if (this.#next === '?' || this.#next === '*') throw new Unreadable('it has a group of a kind that is not known');
      const group = this.alternatives();
      if (!this.#takes(')')) throw new Unreadable('its brackets do not fit');
      return { group, literal: undefined };
    }
    const isClass = this.#next === '[';
    if (isClass) this.#class();
    if (isClass) return { group: undefined, literal: undefined };
    const [escape] = this.#match(/\\(?:[pP]\{[^}]*\}|[xu]\{[^}]*\}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)/sy) ?? [];
    if (escape !== undefined) return { group: undefined, literal: /^\\[nrt]$/.test(escape) ? escape : undefined };
    const [character] = this.#match(/[^]/uy) ?? [];
    const isLiteral = character !== undefined && !'.^$'.includes(character);
    return { group: undefined, literal: isLiteral ? character : undefined };
  }

  /** Classes may hold classes, and a bracket that comes first is a character. */
  #class(): void {
    this.#at++;
    this.#takes('^');
    if (this.isNested) this.#takes(']');
    while (!this.#takes(']')) {
      if (this.isAtEnd) throw new Unreadable('its brackets do not fit');
      if (this.isNested && this.#match(/\[:\^?[a-z]+:\]/y)) continue;
      if (this.isNested && this.#next === '[') this.#class();
      else this.#match(/\\?[^]/y);
    }
  }

  /** The quantifier behind an atom, with the sign that makes it lazy or possessive. */
  #times(): Pick<Item, 'min' | 'max'> {
    const found = this.#match(/(?:[*+?]|\{(\d*)(,?)(\d*)\})[?+]?/y);
    if (!found || found[0] === '{}' || found[0] === '{,}') return { min: 1, max: 1 };
    const [text, low, comma, high] = found;
    if (this.#match(/[*+]/y)) throw new Unreadable('it repeats a repetition');
    if (text.startsWith('*')) return { min: 0, max: Infinity };
    if (text.startsWith('+')) return { min: 1, max: Infinity };
    if (text.startsWith('?')) return { min: 0, max: 1 };
    const min = Number(low || 0);
    return { min, max: comma ? Number(high || Infinity) : min };
  }
}
