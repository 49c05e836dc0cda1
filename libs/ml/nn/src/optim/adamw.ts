import { adamwStep, fill, keep, zeros, type Tensor } from '@hone/tensor';
import type { ParameterArena } from '../parameter-arena.js';

export interface AdamwOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

/** Parameters that share a weight decay. */
export interface ParameterGroup {
  readonly arena: ParameterArena;
  readonly weightDecay: number;
}

interface GroupState extends ParameterGroup {
  readonly m: Tensor;
  readonly v: Tensor;
}

/** AdamW in f32 over whole arenas. */
export class Adamw {
  readonly groups: readonly GroupState[];
  steps = 0;

  constructor(
    groups: readonly ParameterGroup[],
    readonly options: AdamwOptions,
  ) {
    this.groups = groups.map((group) => ({
      ...group,
      m: keep(zeros(group.arena.values.shape)),
      v: keep(zeros(group.arena.values.shape)),
    }));
  }

  step(learningRate: number): void {
    this.steps++;
    for (const { arena, weightDecay, m, v } of this.groups) {
      const settings = { ...this.options, learningRate, weightDecay, step: this.steps };
      adamwStep(arena.values, arena.gradients, m, v, settings);
    }
  }

  zeroGradients(): void {
    for (const { arena } of this.groups) fill(arena.gradients, 0);
  }

  /** Moments by parameter name, as views into the state: read them to save, write to them to resume. */
  *moments(): Generator<{ name: string; parameter: Tensor; m: Tensor; v: Tensor }> {
    for (const { arena, m, v } of this.groups) {
      for (const { name, offset, parameter } of arena.entries()) {
        yield { name, parameter, m: m.slice(offset, parameter.shape), v: v.slice(offset, parameter.shape) };
      }
    }
  }

  free(): void {
    for (const { m, v } of this.groups) {
      m.free();
      v.free();
    }
  }
}
