import { init } from '@hone/tensor';
import { weightMap, type ModelConfig } from '@hone/models';

// What the products of native/src/cpu keep in scratch, by its largest users.
const panelBytesMost = 16 * 2 ** 20;
const f32RowBytes = 4 * 2 ** 20;
const chunkColumns = 512;
const partialBytes = 16;
const threadBytes = 2 ** 20;

export interface WorkspaceLoad {
  readonly tokens: number;
  /** Products round their inputs to bf16: every format but f32. */
  readonly isRounded: boolean;
  /** All weights are trained: the head then lies plain, and its panels are made on the way. */
  readonly isTrained: boolean;
}

/**
 * Scratch memory of the kernels: panels of the widest weight that is turned on the way (16 MiB at most), the input rows of a product
 * rounded to bf16, and the reduced chunks of the head. Estimated, where all else is counted: the kernels grow it as they go. It is a
 * few per cent of a run.
 */
export function workspaceBytes(config: ModelConfig, { tokens, isRounded, isTrained }: WorkspaceLoad): number {
  const { threads } = init();
  const matrices = weightMap(config).filter(
    ({ role }) => role === 'linear' || (isTrained && (role === 'head' || role === 'embedding')),
  );
  const sizes = matrices.map(({ shape }) => shape.reduce((product, size) => product * size, isRounded ? 2 : 4));
  const linears = matrices.filter(({ role }) => role === 'linear').flatMap(({ shape }) => [...shape]);
  const panels = Math.min(panelBytesMost, Math.max(...sizes));
  const rows = isRounded ? 2 * tokens * Math.max(...linears) : f32RowBytes;
  const chunks = tokens * Math.ceil(config.vocabSize / chunkColumns) * partialBytes;
  return panels + rows + chunks + threads * threadBytes;
}
