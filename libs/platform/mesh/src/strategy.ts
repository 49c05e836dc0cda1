import type { Message } from '@hone/contracts';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Handler } from './context.js';
import type { ListenOptions, Mesh } from './mesh.js';

/** Handlers name this transport, since one without a transport would be registered on every connected one. */
export const meshTransport = Symbol('hone.mesh');

/** What the decorators leave with a handler. */
export interface HandlerExtras extends ListenOptions {
  message: Message;
}

/** Nest's side of the mesh: every decorated handler of the application becomes a listener of its message. */
export class MeshStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = meshTransport;
  override readonly propagatesEventHandlerErrors = true;
  readonly #mesh: Mesh;
  readonly #patienceMs: number;

  constructor(mesh: Mesh, patienceMs = 10_000) {
    super();
    this.#mesh = mesh;
    this.#patienceMs = patienceMs;
  }

  async listen(ready: (error?: unknown) => void): Promise<void> {
    try {
      for (const handler of this.getHandlers().values()) {
        const { message, ...options } = handler.extras as HandlerExtras;
        this.#mesh.listen(message, called(handler), options);
      }
      await this.#mesh.flush();
      ready();
    } catch (error) {
      ready(error);
    }
  }

  /** The connection belongs to whoever made it: shutdown hooks after this one may still tell the bus something. */
  async close(): Promise<void> {
    await this.#mesh.quiesce(this.#patienceMs);
  }

  override on(): void {}

  override unwrap<T>(): T {
    return this.#mesh as T;
  }
}

/** Nest returns a value, or an Observable when an interceptor or the exception filter took part. */
const called =
  (handler: MessageHandler): Handler =>
  async (input, context) => {
    const result: unknown = await handler(input, context);
    return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
  };
