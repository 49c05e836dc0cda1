import { refusal, suggest } from '@hone/base';
import { expectationOf } from '@hone/contracts';
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** A part of a request as its schema says, or a refusal that names the field, what was expected and what was received. */
export function parsed(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  const issue = deepest(result.error.issues[0] as Issue);
  throw issue.code === 'unrecognized_keys' ? unknownField(issue, schema) : wrongValue(issue, value, where);
}

function unknownField(issue: Extract<Issue, { code: 'unrecognized_keys' }>, schema: z.ZodType) {
  const param = [...issue.path.map(String), issue.keys[0]].join('.');
  const known = issue.path.length === 0 && 'shape' in schema ? Object.keys(schema.shape as object) : [];
  const near = suggest(issue.keys[0] ?? '', known);
  const message = `Unrecognized request argument supplied: ${param}${near === undefined ? '' : ` (did you mean ${near}?)`}.`;
  return refusal('unknown_field', message, { param });
}

function wrongValue(issue: Issue, value: unknown, where: string) {
  const param = issue.path.map(String).join('.') || where;
  const received = kindOf(issue.path.reduce<unknown>(member, value));
  const message = `Invalid value for '${param}': expected ${expectationOf(issue)} but received ${received}.`;
  return refusal('invalid_value', message, { param });
}

/** A union fails as a whole; the branch that came furthest says best what is wrong. */
function deepest(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const branches = issue.errors.map((branch) => branch[0]).filter((first) => first !== undefined);
  const best = branches.sort((a, b) => b.path.length - a.path.length)[0];
  if (best === undefined || best.path.length === 0) return issue;
  return deepest({ ...best, path: [...issue.path, ...best.path] } as Issue);
}

const member = (value: unknown, key: PropertyKey): unknown =>
  value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined;

/** The kind of a value and its size, never its text: a request's content belongs to its sender. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return value.length <= 40 ? JSON.stringify(value) : `${value.length} characters`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? 'an object' : JSON.stringify(value);
}
