export { aliases } from './arguments/names.js';
export {
  trainingSettings,
  type Interval,
  type Method,
  type Recompute,
  type TrainingSettings,
} from './arguments/training-settings.js';
export { readState } from './checkpoint/read-checkpoint.js';
export type { RunIdentity, TrainingState } from './checkpoint/training-state.js';
export { checkpointName, listCheckpoints } from './checkpoint/write-checkpoint.js';
export { microBatch, type MicroBatch } from './data/micro-batch.js';
export { epochOrder, type Sampling } from './data/order.js';
export { packUnits } from './data/packing.js';
export { surveyDataset, type Survey } from './data/survey.js';
export { datasetOf, type TokenDataset, type TokenRow } from './data/token-dataset.js';
export {
  estimateMemory,
  type ComputingDevice,
  type MemoryEstimate,
  type MemoryParts,
} from './memory/estimate-memory.js';
export { evaluateLoss, type Evaluation, type EvaluateOptions } from './evaluate.js';
export type { Cancellation, CheckpointReport, EvalReport, Observer, StartReport, StepReport } from './observer.js';
export { fitMemory, type FittedSettings } from './memory/fit-memory.js';
export { estimateServing, type ServingEstimate, type ServingLoad } from './memory/estimate-serving.js';
export { deviceLimit, memoryLimit, programBytes } from './memory/memory-limit.js';
export { planApart, type PlanQuestion } from './memory/plan-apart.js';
export {
  checkResumed,
  planRun,
  planServing,
  type PlanRequest,
  type RunPlan,
  type ServingPlan,
} from './memory/plan-run.js';
export type { Remedy } from './memory/remedies.js';
export { autoEpochs, planTraining, type TrainingPlan } from './plan.js';
export { prepareTraining } from './prepare.js';
export { sft, type SftRun } from './sft.js';
export { accumulateGradient, measureTokens, type TokenSums } from './token-loss.js';
export { TrainingSession, newPace, type SessionOptions, type TrainingResult } from './training-session.js';
export { parameterGroups } from './trained-parameters.js';
