import { init } from '@hone/tensor';
import { weightMap, type ModelConfig } from '@hone/models';

// What the kernels of native/src/cpu keep in scratch, by its largest users.
const panelBytesMost = 16 * 2 ** 20;
const chunkBytes = 4 * 2 ** 20;
const headTokens = 1024;
const chunkColumns = 512;
const partialBytes = 16;
const threadBytes = { rounded: 1.5 * 2 ** 20, f32: 2 ** 20, serving: 2 ** 19 };

export interface WorkspaceLoad {
  readonly tokens: number;
  /** Products round their inputs to bf16: every format but f32. */
  readonly isRounded: boolean;
  /** All weights are trained: they lie plain, and panels of them and of the inputs are made on the way. */
  readonly isTrained: boolean;
  /** Log-probabilities with their gradient are asked for, and not only logits. */
  readonly hasLoss: boolean;
}

/**
 * Scratch memory of the kernels: panels of the widest operand that is turned on the way (16 MiB at most), the input rows of a
 * product rounded to bf16, the gradients of the logits for 1,024 tokens at a time, and the reduced chunks of the head. Estimated,
 * where all else is counted: the kernels grow it as they go. It is a few per cent of a run.
 */
export function workspaceBytes(config: ModelConfig, load: WorkspaceLoad): number {
  const { tokens, isRounded, isTrained, hasLoss } = load;
  const linears = weightMap(config).filter(({ role }) => role === 'linear');
  const widest = Math.max(...linears.flatMap(({ shape }) => [...shape]));
  // The tile unit takes all rows rounded; the other kernels a chunk of them at a time.
  const hasTiles = isRounded && init().isa === 'amx';
  const rows = hasTiles ? 2 * tokens * widest : Math.min(chunkBytes, (isRounded ? 2 : 4) * tokens * widest);
  // A router chooses in full precision: its product copies f32 rows, beside the rounded ones of all others.
  const hasRouter = isRounded && weightMap(config).some(({ role }) => role === 'router');
  const routed = hasRouter ? Math.min(chunkBytes, 4 * tokens * config.hiddenSize) : 0;
  const panels = isTrained ? panelBytes(config, hasTiles ? widest : 0, load) : 0;
  const perThread = hasLoss ? (isRounded ? threadBytes.rounded : threadBytes.f32) : threadBytes.serving;
  return panels + rows + routed + (hasLoss ? headBytes(config, load) : 0) + init().threads * perThread;
}

function panelBytes(config: ModelConfig, widest: number, { tokens, isRounded }: WorkspaceLoad): number {
  const roles = widest > 0 ? ['linear', 'head', 'embedding'] : ['head', 'embedding'];
  const matrices = weightMap(config).filter(({ role }) => roles.includes(role));
  const largest = Math.max(...matrices.map(({ shape }) => shape.reduce((product, size) => product * size, 1)));
  return Math.min(panelBytesMost, (isRounded ? 2 : 4) * Math.max(largest, tokens * widest));
}

function headBytes({ hiddenSize, vocabSize }: ModelConfig, { tokens, isRounded }: WorkspaceLoad): number {
  const alive = Math.min(tokens, headTokens);
  const gradients = alive * (4 * chunkColumns + (isRounded ? 2 * hiddenSize : 0));
  return gradients + tokens * Math.ceil(vocabSize / chunkColumns) * partialBytes;
}
