import { bug, type ErrorKind, HoneError, refusal } from '@hone/base';
import { expectationOf, messageBytesMax } from '@hone/contracts';
import type { z } from 'zod';

const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** A value as the bytes of a message: it must satisfy its schema and stay within the book's limit. */
export function encode(subject: string, schema: z.ZodType, value: unknown, blame: ErrorKind = 'refusal'): Uint8Array {
  const bytes = encoder.encode(JSON.stringify(check(subject, schema, value, blame)));
  if (bytes.byteLength > messageBytesMax) throw tooLarge(subject, bytes.byteLength);
  return bytes;
}

/** The bytes of a message as a value of its schema. */
export function decode<S extends z.ZodType>(
  subject: string,
  schema: S,
  bytes: Uint8Array,
  blame: ErrorKind = 'refusal',
): z.output<S> {
  if (bytes.byteLength > messageBytesMax) throw tooLarge(subject, bytes.byteLength);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    const message = `[${subject}] expected UTF-8 JSON for the body but received ${bytes.byteLength} bytes that are not`;
    throw new HoneError(blame, 'invalid_message', `${message}; fix: send JSON as the book says`, { cause });
  }
  return check(subject, schema, value, blame);
}

export function check<S extends z.ZodType>(subject: string, schema: S, value: unknown, blame: ErrorKind): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw bug('invalid_message', `[${subject}] the schema refused a value without saying why`);
  const param = issue.path.map(String).join('.') || 'body';
  const received = described(at(value, issue.path));
  const message = `[${subject}] expected ${expectationOf(issue)} for ${param} but received ${received}`;
  const fix = 'fix: send what the book says for this subject';
  const details = {
    issues: result.error.issues
      .slice(0, 10)
      .map(({ path, message: text }) => ({ path: path.map(String).join('.'), text })),
  };
  throw new HoneError(blame, 'invalid_message', `${message}; ${fix}`, { param, details });
}

const tooLarge = (subject: string, bytes: number): HoneError =>
  refusal(
    'message_too_large',
    `[${subject}] expected at most ${messageBytesMax} bytes for the message but received ${bytes}; fix: put the content into the object store and send its digest`,
    { status: 413, details: { bytes, bytesMax: messageBytesMax } },
  );

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value;
  for (const step of path) {
    if (inner === null || typeof inner !== 'object') return undefined;
    inner = (inner as Record<PropertyKey, unknown>)[step];
  }
  return inner;
}

/** A value's kind and size, never its text: errors end up in logs, traces and the dead-letter stream. */
function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === 'object' ? `an object with ${Object.keys(value).length} members` : `a ${typeof value}`;
}
