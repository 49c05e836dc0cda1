import { refusal } from '@hone/base';
import { copy, empty, keep, type Tensor } from '@hone/tensor';
import type { LoraAdapter, ParameterArena, ParameterGroup } from '@hone/nn';
import type { CausalModel } from '@hone/models';

/** What a run changes: the adapter, or all weights; decay spares norms and biases, as transformers does. */
export function parameterGroups(
  model: CausalModel,
  adapter: LoraAdapter | undefined,
  weightDecay: number,
): ParameterGroup[] {
  if (adapter) {
    adapter.arena.train();
    return [{ arena: adapter.arena, weightDecay }];
  }
  if (!model.arenas) {
    const message =
      '[sft] expected an adapter or trainable weights but received a frozen base; fix: load it with isTrainable';
    throw refusal('nothing_to_train', message);
  }
  return [
    { arena: model.arenas.decayed, weightDecay },
    { arena: model.arenas.plain, weightDecay: 0 },
  ];
}

/** A copy of all trained values, for going back to the best evaluation. */
export class Snapshot {
  readonly #copies: readonly Tensor[];

  constructor(readonly arenas: readonly ParameterArena[]) {
    this.#copies = arenas.map(({ values, dtype }) => keep(empty(values.shape, dtype)));
    this.take();
  }

  take(): void {
    this.arenas.forEach(({ values }, i) => copy(values, this.#copies[i] as Tensor));
  }

  restore(): void {
    this.arenas.forEach(({ values }, i) => copy(this.#copies[i] as Tensor, values));
  }

  /** The kept values by parameter name, as views. */
  *entries(): Generator<{ name: string; kept: Tensor }> {
    for (const [i, arena] of this.arenas.entries()) {
      for (const { name, offset, parameter } of arena.entries()) {
        yield { name, kept: (this.#copies[i] as Tensor).slice(offset, parameter.shape) };
      }
    }
  }

  free(): void {
    for (const tensor of this.#copies) tensor.free();
  }
}
