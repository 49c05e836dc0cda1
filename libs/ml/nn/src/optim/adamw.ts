import { seeded } from '@hone/base';
import { adamw8bitStep, adamwStep, fill, type NormClip, type Tensor } from '@hone/tensor';
import type { ParameterArena } from '../parameter-arena.js';
import { freeMoments, momentEntries, newMoments, type Moments } from './moments.js';

export interface AdamwOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

/** How the moments lie, and where the rounding of bf16 parameters begins. */
export interface AdamwState {
  readonly bits?: 32 | 8;
  readonly seed?: number;
}

/** Parameters that share a weight decay. */
export interface ParameterGroup {
  readonly arena: ParameterArena;
  readonly weightDecay: number;
}

interface GroupState extends ParameterGroup {
  readonly moments: Moments;
}

/** AdamW over whole arenas: parameters in f32 or bf16, moments in f32 or 8 bits; the arithmetic of a step is f32 in every case. */
export class Adamw {
  readonly groups: readonly GroupState[];
  readonly #seed: number;
  steps = 0;

  constructor(
    groups: readonly ParameterGroup[],
    readonly options: AdamwOptions,
    { bits = 32, seed = 0 }: AdamwState = {},
  ) {
    this.groups = groups.map((group) => ({ ...group, moments: newMoments(group.arena, bits) }));
    this.#seed = seed;
  }

  /** One step; gradients count `gradientScale` times, and as `clip` asks on the device. */
  step(learningRate: number, gradientScale = 1, clip?: NormClip): void {
    this.steps++;
    this.groups.forEach(({ arena: { values, gradients }, weightDecay, moments }, group) => {
      const seed = this.#rounding(group);
      const settings = { ...this.options, learningRate, weightDecay, step: this.steps, gradientScale, clip, seed };
      if (moments.bits === 8) adamw8bitStep(values, gradients, moments.m, moments.v, settings);
      else adamwStep(values, gradients, moments.m, moments.v, settings);
    });
  }

  zeroGradients(): void {
    for (const { arena } of this.groups) fill(arena.gradients, 0);
  }

  /** The whole state by name, as views or tensors: read them to save, write to them to resume. */
  *state(): Generator<{ name: string; tensor: Tensor }> {
    for (const [group, { arena, moments }] of this.groups.entries()) yield* momentEntries(arena, moments, group);
  }

  free(): void {
    for (const { moments } of this.groups) freeMoments(moments);
  }

  /** The op draws by step and element; the seed tells runs and groups apart. */
  #rounding(group: number): number {
    return Math.floor(seeded(this.#seed, 'rounding', group)() * 2 ** 32);
  }
}
