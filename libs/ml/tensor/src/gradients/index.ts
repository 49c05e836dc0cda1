import { accumulate } from './accumulate.js';
import { add } from './add.js';
import { attention } from './attention.js';
import { checkpoint } from './checkpoint.js';
import { dropout } from './dropout.js';
import { embedding } from './embedding.js';
import { expertLinear } from './expert-linear.js';
import { expertLora } from './expert-lora.js';
import { gatherRows } from './gather-rows.js';
import { geglu, gelu } from './gelu.js';
import { layerNorm } from './layer-norm.js';
import { linear } from './linear.js';
import { lora } from './lora.js';
import { mixRows } from './mix-rows.js';
import { rmsNorm } from './rms-norm.js';
import { rope } from './rope.js';
import { routeTopK } from './route-top-k.js';
import { scale } from './scale.js';
import { sliceColumns } from './slice-columns.js';
import { swiglu } from './swiglu.js';
import { tokenLogProbs } from './token-log-probs.js';
import type { RecordedOp } from '../op-record.js';
import type { DifferentiableOp } from '../runtime.js';
import type { GradientRule } from './rule.js';

type GradientTable = { readonly [Op in RecordedOp | DifferentiableOp]: GradientRule<Op> };

/** One rule per differentiable op of ops.json; a missing one does not compile. */
export const gradients = {
  linear,
  lora,
  embedding,
  rmsNorm,
  layerNorm,
  rope,
  swiglu,
  geglu,
  gelu,
  attention,
  tokenLogProbs,
  scale,
  add,
  accumulate,
  dropout,
  gatherRows,
  expertLinear,
  expertLora,
  mixRows,
  sliceColumns,
  routeTopK,
  checkpoint,
} satisfies GradientTable;
