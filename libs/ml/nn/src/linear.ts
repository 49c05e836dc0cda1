import {
  dropout,
  isRecording,
  linear,
  linearGroup,
  lora,
  type LoraGroup,
  loraGrouped,
  loraPaged,
  type Tensor,
} from '@hone/tensor';
import type { LoraAdapter } from './peft/lora-adapter.js';
import type { PagedRows } from './peft/lora-pages.js';

/** A low-rank update for the rows begin..end-1 of the input. */
export interface AdapterRange {
  readonly adapter: LoraAdapter;
  readonly begin: number;
  readonly end: number;
}

/** Which updates apply to which rows, and how their inputs are dropped while training. */
export interface LinearContext {
  readonly ranges: readonly AdapterRange[];
  /** The dropout masks of a step depend on this seed and the module alone. */
  readonly dropoutSeed?: number | undefined;
  /** In the place of ranges, where the device is told row by row which adapter is meant. */
  readonly paged?: PagedRows | undefined;
}

export const baseOnly: LinearContext = { ranges: [] };

/** y = x Wᵀ + b with a weight of any format, plus the update of each adapter on its rows. */
export class Linear {
  constructor(
    /** The module path, as PEFT writes it. */
    readonly path: string,
    readonly weight: Tensor,
    readonly bias: Tensor | undefined,
    /** Its place among the model's linear modules: the second half of a dropout seed. */
    readonly index: number,
  ) {}

  forward(x: Tensor, context: LinearContext): Tensor {
    const y = linear(x, this.weight, this.bias);
    this.update(x, y, context);
    return y;
  }

  /** Adds what the adapters of the context make of x to y = x Wᵀ + b. */
  update(x: Tensor, y: Tensor, { ranges, dropoutSeed, paged }: LinearContext): void {
    const own = paged?.paged.of(this.path);
    if (own) loraPaged(x, (paged as PagedRows).slots, own, y);
    if (ranges.length > 1 && dropoutSeed === undefined && !isRecording()) {
      loraGrouped(x, this.#groups(ranges), y);
      return;
    }
    for (const { adapter, begin, end } of ranges) {
      const update = adapter.modules.get(this.path);
      if (!update) continue;
      const rows = x.rows(begin, end);
      const p = dropoutSeed === undefined ? 0 : adapter.config.loraDropout;
      const input = p > 0 ? dropout(rows, p, [dropoutSeed as number, this.index]) : rows;
      lora(input, update.a, update.b, update.scale, y.rows(begin, end));
    }
  }

  #groups(ranges: readonly AdapterRange[]): LoraGroup[] {
    return ranges.flatMap(({ adapter, begin, end }) => {
      const update = adapter.modules.get(this.path);
      return update && end > begin ? [{ ...update, begin, end }] : [];
    });
  }

  free(): void {
    this.weight.free();
    this.bias?.free();
  }
}

/** The results of two or three linears that share their input: the bits of one `forward` after the other. */
export function forwardAll(linears: readonly Linear[], x: Tensor, context: LinearContext): Tensor[] {
  const results = linearGroup(x, linears);
  for (const [i, linear] of linears.entries()) linear.update(x, results[i] as Tensor, context);
  return results;
}
