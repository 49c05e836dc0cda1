import { asHoneError, bug } from '@hone/base';
import type { InputOf, Message, MessageKind, ReplyOf } from '@hone/contracts';
import { Catch, type RpcExceptionFilter, UseFilters } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { type Observable, throwError } from 'rxjs';
import type { MeshContext } from './context.js';
import type { ListenOptions } from './mesh.js';
import { meshTransport } from './strategy.js';

type Method<In, Out> = (input: In, context: MeshContext) => Out;
type OnMethod<In, Out> = <F extends Method<In, Out>>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<F>,
) => void;

/** Answers an rpc of the book: `@Rpc(runGet) get(input: InputOf<typeof runGet>): Promise<ReplyOf<typeof runGet>>`. */
export const Rpc = <M extends Message>(message: M): OnMethod<InputOf<M>, Promise<ReplyOf<M>>> =>
  onMethod(message, 'rpc', false, {});

/** Answers a streamed rpc with an `async *` method; it ends early when `context.signal` aborts. */
export const RpcStream = <M extends Message>(message: M): OnMethod<InputOf<M>, AsyncIterable<ReplyOf<M>>> =>
  onMethod(message, 'rpc', true, {});

/** Does a command: when the method returns, its effect must be durable. */
export const Command = <M extends Message>(
  message: M,
  options: ListenOptions = {},
): OnMethod<InputOf<M>, Promise<unknown>> => onMethod(message, 'cmd', false, options);

/** Reads an event; a repeated delivery must change nothing. */
export const Event = <M extends Message>(
  message: M,
  options: ListenOptions = {},
): OnMethod<InputOf<M>, Promise<unknown>> => onMethod(message, 'evt', false, options);

/** Carries a HoneError through Nest unchanged; Nest's own filter would make every error "Internal server error". */
@Catch()
export class MeshErrorFilter implements RpcExceptionFilter {
  catch(thrown: unknown): Observable<never> {
    return throwError(() => asHoneError(thrown));
  }
}

function onMethod<In, Out>(
  message: Message,
  kind: MessageKind,
  streamed: boolean,
  options: ListenOptions,
): OnMethod<In, Out> {
  if (message.kind !== kind || message.streamed !== streamed) {
    throw bug(
      'wrong_decorator',
      `[${message.subject}] expected the decorator of a ${message.streamed ? 'streamed ' : ''}${message.kind} but received the one of a ${streamed ? 'streamed ' : ''}${kind}`,
    );
  }
  return (target, key, descriptor) => {
    Payload()(target, key, 0);
    Ctx()(target, key, 1);
    MessagePattern(message.subject, meshTransport, { message, ...options })(target, key, descriptor);
    UseFilters(MeshErrorFilter)(target, key, descriptor);
  };
}
