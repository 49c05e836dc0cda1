export { fitOnCard, type CardFit, type CardMemory } from './fit-on-card.js';
export { defaultQueueLimits, overload, type QueueLimits } from './admission.js';
export { AdapterSlots } from './adapters.js';
export { BlockManager } from './block-manager.js';
export { bucketOf } from './step-plans.js';
export { type ComposedReason, Engine, type EngineOptions, type EngineStats, type SequenceOutput } from './engine.js';
export type * from './generation.js';
export type { EngineAdapter } from './runner.js';
export { drawTokens, logProbsOf, type TokenLogProb } from './sampler.js';
export { greedy, type SamplingSettings } from './sampling-settings.js';
export { Scheduler, type PlannedRows, type SchedulerLimits } from './scheduler.js';
export { seedWords } from './seed-words.js';
export { Sequence, type SequenceOptions } from './sequence.js';
export { StopWatch } from './stop-watch.js';
export { TextEngine, type TextEngineOptions, type TextEngineStats } from './text-engine.js';
export type { TextModel } from './text-model.js';
export { checkBase } from './thread/check-base.js';
export { EnginePort, type EnginePortOptions, type StepNews, type Weights } from './thread/engine-port.js';
export type {
  AdapterPlace,
  BasePlace,
  EngineThreadOptions,
  ResidentLoad,
  ResidentStats,
  TemplateSource,
} from './thread/protocol.js';
