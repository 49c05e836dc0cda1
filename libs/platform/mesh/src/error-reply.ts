import { asHoneError, type ErrorBody, fault, HoneError } from '@hone/base';
import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { headerNames } from './header-names.js';

const encoder = new TextEncoder();

/** A failure as headers and body of a reply; a bug keeps its message, since only other services of the house read it. */
export function errorReply(thrown: unknown): { body: Uint8Array; head: MsgHdrs } {
  const error = asHoneError(thrown);
  const head = headers();
  head.set(headerNames.errorCode, error.code);
  head.set(headerNames.errorText, headerText(error.message));
  return { body: encoder.encode(JSON.stringify(error.toJSON())), head };
}

/** The error that a reply carries, if it does. */
export function errorOf(reply: Pick<Msg, 'headers' | 'data' | 'subject'>): HoneError | undefined {
  const code = reply.headers?.get(headerNames.errorCode);
  if (!code) return undefined;
  try {
    return HoneError.from(JSON.parse(new TextDecoder().decode(reply.data)) as ErrorBody);
  } catch (cause) {
    return fault(code, reply.headers?.get(headerNames.errorText) ?? 'the reply carries an error without a text', {
      cause,
    });
  }
}

/** Header values are one line of printable text; the limit keeps a long message from crowding out the body. */
export const headerText = (text: string): string =>
  text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 1000);
