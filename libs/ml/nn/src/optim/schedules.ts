import { refusal, suggest } from '@hone/base';

/** Learning-rate factor at a step (0 = the first step), in the closed forms of transformers' optimization.py. */
export type Schedule = (step: number) => number;

export interface ScheduleOptions {
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** cosine: half waves, default 0.5 (down to zero once). */
  readonly cycles?: number | undefined;
  /** cosine_with_min_lr: the floor as a share of the peak. */
  readonly minRate?: number | undefined;
}

const warmup = (step: number, warmupSteps: number): number => step / Math.max(1, warmupSteps);

/** Share of the way from the end of the warm-up to the last step. */
const progress = (step: number, { warmupSteps, totalSteps }: ScheduleOptions): number =>
  (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);

const cosine = (at: number, cycles: number): number => Math.max(0, 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * at)));

const shapes: Record<string, (step: number, options: ScheduleOptions) => number> = {
  constant: () => 1,
  constant_with_warmup: () => 1,
  linear: (step, options) =>
    Math.max(0, (options.totalSteps - step) / Math.max(1, options.totalSteps - options.warmupSteps)),
  cosine: (step, options) => cosine(progress(step, options), options.cycles ?? 0.5),
  cosine_with_min_lr: (step, options) => {
    const floor = options.minRate ?? 0;
    return Math.max(0, cosine(progress(step, options), options.cycles ?? 0.5) * (1 - floor) + floor);
  },
};

export const scheduleNames = Object.keys(shapes);

export function schedule(name: string, options: ScheduleOptions): Schedule {
  const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (!shape) {
    const near = suggest(name, scheduleNames);
    const message =
      `[schedule] expected one of ${scheduleNames.join(', ')} for lr_scheduler_type but received ${name}` +
      (near ? `; did you mean ${near}?` : '');
    throw refusal('unknown_schedule', message, { param: 'lr_scheduler_type' });
  }
  const warmupSteps = name === 'constant' ? 0 : options.warmupSteps;
  const settings = { ...options, warmupSteps };
  return (step) => (step < warmupSteps ? warmup(step, warmupSteps) : shape(step, settings));
}
