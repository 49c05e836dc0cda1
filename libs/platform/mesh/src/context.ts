import type { Message } from '@hone/contracts';

/** What a handler may know about the delivery of its message; the second parameter of every handler. */
export interface MeshContext {
  readonly message: Message;
  /** The service that sent it, as it names itself. */
  readonly sender: string;
  /** Aborts when nobody waits for the result any more: the caller left, its time is over, or this process is going down. */
  readonly signal: AbortSignal;
  /** Deliveries of this message so far, this one included; 1 for an rpc. */
  readonly attempt: number;
  /** Whether a fault now sends the message to the dead-letter stream. */
  readonly isLastAttempt: boolean;
  /** The message's sequence in its stream: equal for every delivery; 0 for an rpc. */
  readonly sequence: number;
  /** When the stream stored it, in milliseconds since 1970; the time of receipt for an rpc. */
  readonly storedAt: number;
}

/** What the mesh calls with a checked input; `Out` is the checked reply, an AsyncIterable of frames, or nothing. */
export type Handler = (input: unknown, context: MeshContext) => Promise<unknown>;
