import { z } from 'zod';
import type { InputOf } from '../form.js';
import { planMake } from '../trainer/plan.make.js';
import { memoryPlan, servingLoad, trainingLoad } from '../trainer/plan.js';
import { route } from './route.js';
import { wantedModel } from './shapes.js';

const whole = z.int().min(1);

const body = z
  .strictObject({
    model: wantedModel,
    method: trainingLoad.shape.method.optional(),
    /** Under the names of TrainingArguments. */
    hyperparameters: z.record(z.string(), z.unknown()).optional(),
    /** Tokens of the longest row, or of a served sequence. */
    length: whole.optional(),
    batch: whole.optional(),
    accumulation: whole.optional(),
    /** Bytes to fit in; what the trainer's machine has free now when absent. */
    memory: z.number().positive().optional(),
    /** Plans serving so many sequences at a time instead. */
    serve: whole.optional(),
    format: servingLoad.shape.format,
    head: servingLoad.shape.headFormat,
  })
  .superRefine((wish, context) => {
    const foreign =
      wish.serve === undefined
        ? (['format', 'head'] as const)
        : (['method', 'hyperparameters', 'batch', 'accumulation'] as const);
    const message = `no value ${wish.serve === undefined ? 'without' : 'beside'} serve`;
    const wrong = foreign.find((name) => wish[name as keyof typeof wish] !== undefined);
    if (wrong) context.addIssue({ code: 'custom', path: [wrong], message });
  });
export type PlanWish = z.output<typeof body>;

export const planObject = z
  .object({
    object: z.literal('plan'),
    model: z.string(),
    /** As `hone plan --json` prints it; null where a run fits in no way. */
    plan: memoryPlan.nullable(),
    /** Why a run fits in no way, with its parts and the smaller choice that would. */
    error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'Plan' });
export type PlanObject = z.output<typeof planObject>;

export const createPlan = route({
  operationId: 'createPlan',
  method: 'POST',
  path: '/v1/plans',
  summary:
    'What a fine-tune of a model (or, with `serve`, serving it) takes of memory on the machine of the trainer, and the first ' +
    'remedy that makes it fit. Nothing is loaded and nothing starts.',
  body,
  reply: planObject,
  errors: ['invalid_request', 'model_not_found', 'overloaded'],
  calls: [planMake],
});

/** The same wish as the planner takes it. */
export function planOrder(wish: PlanWish): Pick<InputOf<typeof planMake>, 'train' | 'serve'> {
  const { method = 'qlora', hyperparameters, length, batch, accumulation, memory, serve, format, head } = wish;
  const limit = memory === undefined ? {} : { limitBytes: memory };
  if (serve !== undefined) {
    const base = { ...(format === undefined ? {} : { format }), ...(head === undefined ? {} : { headFormat: head }) };
    return { serve: { ...base, sequences: serve, ...(length === undefined ? {} : { length }), ...limit } };
  }
  const named = {
    ...(batch === undefined ? {} : { per_device_train_batch_size: batch }),
    ...(accumulation === undefined ? {} : { gradient_accumulation_steps: accumulation }),
    ...hyperparameters,
  };
  return { train: { method, arguments: named, ...(length === undefined ? {} : { rowTokens: length }), ...limit } };
}
