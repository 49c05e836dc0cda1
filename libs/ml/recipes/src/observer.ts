/** One optimiser step. */
export interface StepReport {
  /** From 1. */
  step: number;
  totalSteps: number;
  epoch: number;
  /** Mean over the learnt tokens of the step. */
  loss: number;
  tokenAccuracy: number;
  lr: number;
  gradNorm: number;
  /** Learnt and read tokens of the step. */
  tokens: number;
  tokensSeen: number;
  trainedTokens: number;
  tokensPerSecond: number;
  etaSeconds: number;
}

export interface EvalReport {
  step: number;
  epoch: number;
  loss: number;
  perplexity: number;
  tokenAccuracy: number;
  targets: number;
  isBest: boolean;
}

export interface CheckpointReport {
  step: number;
  folder: string;
  metrics: { trainLoss: number | undefined; evalLoss: number | undefined };
}

export interface StartReport {
  totalSteps: number;
  startStep: number;
  stepsPerEpoch: number;
  rows: number;
  /** Units per optimiser step, whatever the factoring. */
  effectiveBatch: number;
  trainableParameters: number;
  totalParameters: number;
  truncatedRows: number;
}

/** Plain callbacks; what a run tells while it works. */
export interface Observer {
  onStart?(report: StartReport): void;
  onStep?(report: StepReport): void;
  onEval?(report: EvalReport): void;
  onCheckpoint?(report: CheckpointReport): void;
  onWarning?(message: string): void;
}

/** Looked at between steps. An AbortSignal fits. */
export interface Cancellation {
  readonly aborted: boolean;
}
