/** The headers that Hone adds to NATS messages. The service-error pair is the one of the NATS micro-services framework (ADR-32). */
export const headerNames = {
  /** Present on an error reply or frame: the HoneError's code; its body is the error as JSON. */
  errorCode: 'Nats-Service-Error-Code',
  errorText: 'Nats-Service-Error',
  /** How long the caller will wait from now; relative, so that clocks need not agree. */
  timeoutMs: 'Hone-Timeout-Ms',
  /** The service that sent the message. */
  sender: 'Hone-Sender',
  /** Frames of a streamed reply: kind (data | alive | end | error), position from 0, and the stream's id. */
  frame: 'Hone-Frame',
  frameSequence: 'Hone-Frame-Sequence',
  streamId: 'Hone-Stream',
  /** Why a message lies in the dead-letter stream. */
  deadReason: 'Hone-Dead-Reason',
  deadCode: 'Hone-Dead-Code',
  deadSubject: 'Hone-Dead-Subject',
  deadSequence: 'Hone-Dead-Sequence',
  deadAttempts: 'Hone-Dead-Attempts',
} as const;
