import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

const units: Readonly<Record<string, string>> = { string: 'characters', array: 'items', set: 'items', map: 'entries' };
const kinds: Readonly<Record<string, string>> = { int: 'whole number', record: 'object', nan: 'number' };
const formats: Readonly<Record<string, string>> = { safeint: 'a whole number', url: 'a URL', json_string: 'JSON' };

/**
 * What a schema wanted, as the end of the sentence "expected ...": the words of the schema where it has its own, else words made
 * from the issue. The schema library's sentences are whole ones and would stand oddly inside ours.
 */
export function expectationOf(issue: Issue): string {
  if (!/^(Invalid|Too|Unrecognized)\b/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return a(kinds[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return `${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((value) => shown(value)).join(', ')}`;
    case 'too_big':
      return bounded(issue.origin, issue.exact ? 'exactly' : issue.inclusive ? 'at most' : 'below', issue.maximum);
    case 'too_small':
      return bounded(issue.origin, issue.exact ? 'exactly' : issue.inclusive ? 'at least' : 'above', issue.minimum);
    case 'invalid_format':
      return formatted(issue);
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `no field ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return unionOf(issue);
    default:
      return 'another value';
  }
}

const a = (kind: string): string =>
  kind === 'undefined' || kind === 'null' || kind === 'never'
    ? 'no value'
    : `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;

const shown = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));

const singular: Readonly<Record<string, string>> = { characters: 'character', items: 'item', entries: 'entry' };

function bounded(origin: string, relation: string, bound: number | bigint): string {
  const unit = units[origin];
  if (unit !== undefined) return `${relation} ${bound} ${bound === 1 ? (singular[unit] ?? unit) : unit}`;
  const kind = a(kinds[origin] ?? origin);
  return relation === 'above' || relation === 'below'
    ? `${kind} ${relation} ${bound}`
    : `${kind} of ${relation} ${bound}`;
}

function formatted(issue: Extract<Issue, { code: 'invalid_format' }>): string {
  if (issue.format === 'regex') return `text that matches ${issue.pattern}`;
  return formats[issue.format] ?? `text in the form ${issue.format}`;
}

/** Each branch in its own words; two branches that want the same are told once. */
function unionOf(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  const wanted = issue.errors.flatMap(([first]) => (first === undefined ? [] : [expectationOf(first)]));
  return [...new Set(wanted)].join(' or ') || 'another value';
}
