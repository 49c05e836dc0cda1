import { seeded } from '@hone/base';
import { adamw8bitStep, adamwStep, fill, type NormClip, type Tensor } from '@hone/tensor';
import type { ParameterArena } from '../parameter-arena.js';
import { freeMoments, leastElementsOf8bit, momentEntries, newMoments, type Moments } from './moments.js';
import { PagedMoments } from './paged-moments.js';

export interface AdamwOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

/** How the moments lie, and where the rounding of bf16 parameters begins. */
export interface AdamwState {
  readonly bits?: 32 | 8;
  readonly seed?: number;
  /** The moments live on the host and come to the GPU page by page. */
  readonly isPaged?: boolean;
}

/** Parameters that share a weight decay. */
export interface ParameterGroup {
  readonly arena: ParameterArena;
  readonly weightDecay: number;
}

interface GroupState extends ParameterGroup {
  readonly moments: Moments | PagedMoments;
}

/** AdamW over whole arenas: parameters in f32 or bf16, moments in f32 or 8 bits; the arithmetic of a step is f32 in every case. */
export class Adamw {
  readonly groups: readonly GroupState[];
  readonly #seed: number;
  steps = 0;

  constructor(
    groups: readonly ParameterGroup[],
    readonly options: AdamwOptions,
    { bits = 32, seed = 0, isPaged = false }: AdamwState = {},
  ) {
    this.groups = groups.map((group) => ({ ...group, moments: momentsOf(group.arena, bits, isPaged) }));
    this.#seed = seed;
  }

  /** One step; gradients count `gradientScale` times, and as `clip` asks on the device. */
  step(learningRate: number, gradientScale = 1, clip?: NormClip): void {
    this.steps++;
    this.groups.forEach(({ arena: { values, gradients }, weightDecay, moments }, group) => {
      const seed = this.#rounding(group);
      const settings = { ...this.options, learningRate, weightDecay, step: this.steps, gradientScale, clip, seed };
      if (!(moments instanceof PagedMoments)) return update(values, gradients, moments, settings);
      moments.step(({ first, elements, moments: page }) => {
        const place = [first, [elements]] as const;
        update(values.slice(...place), gradients.slice(...place), page, { ...settings, first });
      });
    });
  }

  zeroGradients(): void {
    for (const { arena } of this.groups) fill(arena.gradients, 0);
  }

  /** The whole state by name, as views or tensors: read them to save, write to them to resume. */
  *state(): Generator<{ name: string; tensor: Tensor }> {
    for (const [group, { arena, moments }] of this.groups.entries())
      yield* momentEntries(arena, moments instanceof PagedMoments ? moments.resident : moments, group);
  }

  free(): void {
    for (const { moments } of this.groups) {
      if (moments instanceof PagedMoments) moments.free();
      else freeMoments(moments);
    }
  }

  /** The op draws by step and element; the seed tells runs and groups apart. */
  #rounding(group: number): number {
    return Math.floor(seeded(this.#seed, 'rounding', group)() * 2 ** 32);
  }
}

function momentsOf(arena: ParameterArena, bits: 32 | 8, isPaged: boolean): Moments | PagedMoments {
  if (!isPaged) return newMoments(arena, bits);
  const [elements = 0] = arena.values.shape;
  return new PagedMoments(elements, elements >= leastElementsOf8bit ? bits : 32);
}

function update(p: Tensor, g: Tensor, moments: Moments, settings: Parameters<typeof adamwStep>[4]): void {
  if (moments.bits === 8) adamw8bitStep(p, g, moments.m, moments.v, settings);
  else adamwStep(p, g, moments.m, moments.v, settings);
}
