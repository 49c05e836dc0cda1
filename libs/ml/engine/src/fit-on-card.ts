import { refusal } from '@hone/base';
import { cardWorkspaceBytes, type LoadModelOptions, loadModel, type ModelSource, nameOfSource } from '@hone/models';
import { memoryStats, onDevice, resetPeak } from '@hone/tensor';
import { Engine, type EngineOptions } from './engine.js';
import { poolDemand, poolLeast } from './page-pool.js';
import { greedy } from './sampling-settings.js';

export interface CardMemory {
  /** What this base may take, weights and all. */
  readonly budgetBytes: number;
  /** Bases that share it, this one and those that may come later: what is left for keys and values is for all of them. */
  readonly bases: number;
}

export interface CardFit {
  readonly parts: {
    readonly weights: number;
    /** What the largest step computes, and the memory under the graphs. */
    readonly steps: number;
    readonly workspace: number;
    /** What nobody counts: the driver's share of the graphs, and gaps between tensors. */
    readonly margin: number;
    /** For keys and values, and for adapters among them. */
    readonly kvPages: number;
  };
}

/** Of the budget. */
const marginShare = 1 / 32;

/**
 * How a base and its cache fit on a GPU, known before a byte of a weight is read: the engine itself runs dry, with a prompt, the same one
 * with every token scored, and draws with penalties. Without `kvBytesMax` the cache takes what is left. Refused where it does not fit, with
 * the parts and what helps.
 */
export function fitOnCard(
  source: ModelSource,
  load: Pick<LoadModelOptions, 'format' | 'headFormat'>,
  options: EngineOptions,
  { budgetBytes, bases }: CardMemory,
): CardFit {
  const { fixed, kvLeast, kvMost } = onDevice('null-cuda', () => dryRun(source, load, options));
  const parts = { ...fixed, margin: Math.ceil(budgetBytes * marginShare) };
  const left = budgetBytes - Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  const asked = options.kvBytesMax === undefined ? Math.max(kvLeast, left / bases) : options.kvBytesMax;
  const kvPages = Math.floor(Math.min(kvMost, asked));
  if (kvPages > left) throw tooLarge(source, load, { ...parts, kvPages }, { budgetBytes, left, kvLeast });
  return { parts: { ...parts, kvPages } };
}

function dryRun(source: ModelSource, load: Pick<LoadModelOptions, 'format' | 'headFormat'>, options: EngineOptions) {
  resetPeak();
  const before = memoryStats().liveBytes;
  const model = loadModel(source, load);
  try {
    const { maxPositions } = model.shape;
    const { blockSize = 16, sequencesMax = 64, stepTokensMax = 512, adaptersMax = 16 } = options;
    const weights = memoryStats().liveBytes - before;
    const tokens = Math.min(stepTokensMax, maxPositions - 1);
    const pageBytes = model.kvBytesPerPage(blockSize);
    const demand = poolDemand(model, { blockSize, sequencesMax, adaptersMax });
    const pagesLeast = poolLeast(tokens + 1, blockSize, demand);
    const kvLeast = pageBytes * pagesLeast;
    // Of a larger pool the list of the adapters' pages is longer; tensors are whole 256 bytes.
    const list = demand.perAdapter > 0 ? 256 * Math.ceil(Math.max(0, demand.most - pagesLeast) / 64) : 0;
    const steps = stepBytes(new Engine(model, { ...options, kvBytesMax: kvLeast }), tokens) - weights - before + list;
    const hasBf16Weights = load.format === 'bf16';
    const workspace = cardWorkspaceBytes(model.config, {
      tokens,
      hasLoss: false,
      hasBf16Weights,
      sequences: sequencesMax,
    });
    return { fixed: { weights, steps, workspace }, kvLeast, kvMost: pageBytes * demand.most };
  } finally {
    model.free();
  }
}

/** The peak of the dry run, less the cache that it ran with: the scored prompt is composed beside the memory under the graphs. */
function stepBytes(engine: Engine, tokens: number): number {
  try {
    const ids = new Int32Array(tokens);
    // With a penalty, so that the counts of drawn tokens are there.
    const sampling = { ...greedy, presencePenalty: 1 };
    for (const scoreFrom of [undefined, 0]) {
      engine.submit({ ids, sampling, tokensMax: 2, stopTokens: new Set(), scoreFrom });
      while (!engine.isIdle) engine.step();
    }
    return memoryStats().peakBytes - engine.kvBytes;
  } finally {
    engine.free();
  }
}

function tooLarge(
  source: ModelSource,
  { format = 'f32' }: Pick<LoadModelOptions, 'format' | 'headFormat'>,
  parts: CardFit['parts'],
  { budgetBytes, left, kvLeast }: { budgetBytes: number; left: number; kvLeast: number },
) {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  const list = Object.entries(parts).map(([name, bytes]) => `${name} ${megabytes(bytes)}`);
  const remedies = [
    ...(left >= kvLeast
      ? [`a smaller key-value cache (HONE_SERVING_KV_MEGABYTES_MAX=${Math.floor(left / 2 ** 20)})`]
      : []),
    ...(format === 'f32' || format === 'bf16' ? ['a base in int8 or nf4 (HONE_SERVING_WEIGHTS)'] : []),
    'more of the GPU (HONE_CUDA_MEMORY)',
  ];
  const message =
    `[serving] expected at most ${megabytes(budgetBytes)} of the GPU for ${nameOfSource(source)} in ${format} but received ` +
    `${list.join(', ')}; fix: ${remedies.join(', or ')}`;
  return refusal('out_of_memory', message, { details: { limitBytes: budgetBytes, parts } });
}
