import { z } from 'zod';
import { count } from '../fields.js';

/** Bytes by what they are for. */
const parts = z.record(z.string(), z.number());
const sizes = z.looseObject({ parts, processBytes: z.number() });

/** A run whose memory is asked for; the arguments are under the names of TrainingArguments. */
export const trainingLoad = z.looseObject({
  method: z.enum(['qlora', 'lora', 'full']),
  arguments: z.record(z.string(), z.unknown()),
  /** Tokens of the longest row; what the model can attend to when absent. */
  rowTokens: count.min(1).optional(),
  /** The memory to fit in; what the trainer's machine has free now when absent. */
  limitBytes: z.number().positive().optional(),
});

/** Serving whose memory is asked for. */
export const servingLoad = z.looseObject({
  sequences: count.min(1),
  length: count.min(1).optional(),
  format: z.enum(['f32', 'bf16', 'nf4', 'int8', 'int4']).optional(),
  headFormat: z.enum(['auto', 'int8']).optional(),
  limitBytes: z.number().positive().optional(),
});

const device = z.enum(['cpu', 'cuda']);

/** What a run takes of memory, and what was changed to make it fit. */
export const runPlan = z.looseObject({
  device,
  limitBytes: z.number(),
  rowTokens: count,
  effectiveBatch: count,
  batch: count,
  accumulationSteps: count,
  trainableParameters: count,
  totalParameters: count,
  asked: sizes,
  planned: sizes,
  remedies: z.array(z.string()),
  change: z.record(z.string(), z.unknown()),
});

/** What serving takes of memory. */
export const servingPlan = z.looseObject({
  parts,
  processBytes: z.number(),
  device,
  format: z.string(),
  limitBytes: z.number(),
  fits: z.boolean(),
});

export const memoryPlan = z.union([runPlan, servingPlan]);
export type MemoryPlan = z.output<typeof memoryPlan>;
