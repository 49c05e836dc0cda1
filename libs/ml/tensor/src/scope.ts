import { Tensor, type TensorOwner } from './tensor.js';

/**
 * Frees what was allocated inside it, at its end and not when the collector gets to it. Its tensors form a linked list through
 * themselves: some thousand tensors a step are owned and forgotten without allocating anything.
 */
export class Scope implements TensorOwner {
  #first: Tensor | undefined;

  own(tensor: Tensor): void {
    tensor.owner?.forget(tensor);
    tensor.owner = this;
    tensor.next = this.#first;
    if (this.#first) this.#first.previous = tensor;
    this.#first = tensor;
  }

  forget(tensor: Tensor): void {
    if (tensor.previous) tensor.previous.next = tensor.next;
    else this.#first = tensor.next;
    if (tensor.next) tensor.next.previous = tensor.previous;
    tensor.previous = undefined;
    tensor.next = undefined;
    tensor.owner = undefined;
  }

  free(): void {
    while (this.#first) this.#first.free();
  }
}

const open: Scope[] = [];

export const currentScope = (): Scope | undefined => open.at(-1);

/** Everything inside may hand out tensors as a single one, a list or a record of them. */
export type Kept = Tensor | undefined | readonly Kept[] | { readonly [name: string]: Kept };

/**
 * Runs `body` and frees every tensor that it allocated, except those that it returns, which belong to the scope around (or
 * to the caller, who then must free them). An exception frees all.
 */
export function scoped<T extends Kept>(body: () => T): T;
export function scoped(body: () => void): void;
export function scoped<T extends Kept>(body: () => T): T {
  const scope = new Scope();
  open.push(scope);
  let result: T;
  try {
    result = body();
  } catch (error) {
    open.pop();
    scope.free();
    throw error;
  }
  open.pop();
  hand(result, scope);
  scope.free();
  return result;
}

/** Runs `body` with a scope that outlives it, e.g. the scope of a tape. */
export function inside<T>(scope: Scope, body: () => T): T {
  open.push(scope);
  try {
    return body();
  } finally {
    open.pop();
  }
}

/** Takes a tensor out of every scope: its holder frees it. */
export function keep<T extends Tensor>(tensor: T): T {
  tensor.root.owner?.forget(tensor.root);
  return tensor;
}

/** Moves a tensor into the current scope, or out of all scopes when there is none. */
export function adopt<T extends Tensor>(tensor: T): T {
  keep(tensor);
  currentScope()?.own(tensor.root);
  return tensor;
}

function hand(kept: Kept, from: Scope): void {
  if (kept === undefined || kept === null) return;
  if (!(kept instanceof Tensor)) {
    for (const item of Object.values(kept) as Kept[]) hand(item, from);
    return;
  }
  if (kept.root.owner === from) adopt(kept);
}
