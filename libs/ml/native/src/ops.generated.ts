// Generated from native/ops.json by tools/gen-ops.mjs; do not edit.
import { ops } from './addon.js';
import type { Handle } from './addon.js';

/** The ops by their names in native/ops.json, in the order of their numbers. */
export const opNames = [
  'linearForward',
  'linearGroupForward',
  'linearBackwardInput',
  'linearBackwardWeight',
  'loraForward',
  'loraBackward',
  'loraGroupedForward',
  'loraPagedForward',
  'embeddingForward',
  'embeddingBackward',
  'rmsNormForward',
  'rmsNormBackward',
  'addRmsNorm',
  'layerNormForward',
  'layerNormBackward',
  'rope',
  'swigluForward',
  'swigluBackward',
  'gegluForward',
  'gegluBackward',
  'geluForward',
  'geluBackward',
  'attentionForward',
  'attentionBackward',
  'kvWrite',
  'ropeKvWrite',
  'pagedAttention',
  'tokenLogProbsForward',
  'tokenLogProbsBackward',
  'tokenSums',
  'adamwStep',
  'adamw8bitStep',
  'sumSquares',
  'tensorFill',
  'tensorCopy',
  'tensorScale',
  'tensorAdd',
  'tensorAccumulate',
  'dropout',
  'gatherRows',
  'scatterRowsAdd',
  'sliceColumnsForward',
  'sliceColumnsBackward',
  'routeTopKForward',
  'routeTopKBackward',
  'routeRows',
  'expertLinearForward',
  'expertLinearBackwardInput',
  'expertLinearBackwardWeight',
  'expertLoraForward',
  'expertLoraBackward',
  'mixRowsForward',
  'mixRowsBackward',
  'tensorCast',
  'logitsAddSparse',
  'logitsSoftcap',
  'sample',
  'logitsAdjust',
  'tokenCountsAdd',
  'logitsTopLogProbs',
] as const;

export type OpName = (typeof opNames)[number];

/** The differentiable ops as the tape names them: a gradient table must have a rule for each. */
export type DifferentiableOp =
  | 'linear'
  | 'lora'
  | 'embedding'
  | 'rmsNorm'
  | 'layerNorm'
  | 'rope'
  | 'swiglu'
  | 'geglu'
  | 'gelu'
  | 'attention'
  | 'tokenLogProbs'
  | 'scale'
  | 'add'
  | 'accumulate'
  | 'dropout'
  | 'gatherRows'
  | 'sliceColumns'
  | 'routeTopK'
  | 'expertLinear'
  | 'expertLora'
  | 'mixRows';

export interface OpArgument {
  readonly name: string;
  readonly kind: 'tensor' | 'number' | 'int' | 'uint' | 'bool';
  readonly io?: 'in' | 'out' | 'inout';
  readonly optional?: boolean;
}

export interface OpSpec {
  readonly differentiable: DifferentiableOp | null;
  readonly backwardOf: OpName | null;
  readonly saved: readonly string[];
  readonly tolerance: number;
  readonly args: readonly OpArgument[];
}

/** y = x Wᵀ + bias; every weight but f32 and packed-f32 rounds x to bf16 first. */
export function linearForward(x: Handle, w: Handle, bias: Handle | 0, y: Handle): void {
  ops().linearForward(x, w, bias, y);
}

/** linearForward of x with each weight, the bits of one call for each. */
export function linearGroupForward(
  x: Handle,
  w0: Handle,
  bias0: Handle | 0,
  y0: Handle,
  w1: Handle,
  bias1: Handle | 0,
  y1: Handle,
  w2: Handle | 0,
  bias2: Handle | 0,
  y2: Handle | 0,
): void {
  ops().linearGroupForward(x, w0, bias0, y0, w1, bias1, y1, w2, bias2, y2);
}

/** dx (+)= dy W; every weight but f32 and packed-f32 rounds dy to bf16 first, nf4, int8 and int4 their values too. */
export function linearBackwardInput(dy: Handle, w: Handle, dx: Handle, accumulate: boolean): void {
  ops().linearBackwardInput(dy, w, dx, accumulate ? 1 : 0);
}

/** dw (+)= dyᵀ x; dbias (+)= column sums of dy; roundsToBf16 rounds dy and x to bf16 for the product, its sums stay f32. */
export function linearBackwardWeight(
  dy: Handle,
  x: Handle,
  dw: Handle,
  dbias: Handle | 0,
  accumulate: boolean,
  roundsToBf16: boolean,
): void {
  ops().linearBackwardWeight(dy, x, dw, dbias, accumulate ? 1 : 0, roundsToBf16 ? 1 : 0);
}

/** xa = x Aᵀ; y += scale xa Bᵀ. */
export function loraForward(x: Handle, a: Handle, b: Handle, scale: number, y: Handle, xa: Handle): void {
  ops().loraForward(x, a, b, scale, y, xa);
}

/** dxa = scale dy B; dx += dxa A; da += dxaᵀ x; db += scale dyᵀ xa. */
export function loraBackward(
  dy: Handle,
  x: Handle,
  a: Handle,
  b: Handle,
  xa: Handle,
  scale: number,
  dx: Handle | 0,
  da: Handle,
  db: Handle,
): void {
  ops().loraBackward(dy, x, a, b, xa, scale, dx, da, db);
}

/** for each adapter: y[begin..end) += scale (x[begin..end) Aᵀ) Bᵀ, the bits of loraForward on those rows. */
export function loraGroupedForward(
  x: Handle,
  y: Handle,
  a0: Handle,
  b0: Handle,
  begin0: number,
  end0: number,
  scale0: number,
  a1: Handle | 0,
  b1: Handle | 0,
  begin1: number,
  end1: number,
  scale1: number,
  a2: Handle | 0,
  b2: Handle | 0,
  begin2: number,
  end2: number,
  scale2: number,
  a3: Handle | 0,
  b3: Handle | 0,
  begin3: number,
  end3: number,
  scale3: number,
): void {
  ops().loraGroupedForward(x, y, a0, b0, begin0, end0, scale0, a1, b1, begin1, end1, scale1, a2, b2, begin2, end2, scale2, a3, b3, begin3, end3, scale3);
}

/** y[t] += scales[s] (x[t] Aᵀ) Bᵀ with s = slots[t]; nothing where s < 0. places[s] = (first, atA, atB, rank): A [rank,K] is elements atA, atA + 1 ... of a, B [N,rank] the elements of b from atB on, a row at every ceil(rank / 8) * 8 and zeros behind it, where element e lies in page pages[first + e / E] at e % E; rank <= rankMax, and rank 0 is no update. */
export function loraPagedForward(
  x: Handle,
  slots: Handle,
  a: Handle,
  b: Handle,
  pages: Handle,
  places: Handle,
  scales: Handle,
  rankMax: number,
  y: Handle,
): void {
  ops().loraPagedForward(x, slots, a, b, pages, places, scales, rankMax, y);
}

/** y[t] = table[ids[t]]. */
export function embeddingForward(ids: Handle, table: Handle, y: Handle): void {
  ops().embeddingForward(ids, table, y);
}

/** dtable[ids[t]] += dy[t], in the order of t. */
export function embeddingBackward(ids: Handle, dy: Handle, dtable: Handle): void {
  ops().embeddingBackward(ids, dy, dtable);
}

/** rstd = 1 / sqrt(mean(x²) + eps); y = x rstd (offset + weight). */
export function rmsNormForward(x: Handle, weight: Handle, y: Handle, rstd: Handle, eps: number, offset: number): void {
  ops().rmsNormForward(x, weight, y, rstd, eps, offset);
}

/** w = offset + weight; dx (+)= rstd (dy w - x rstd² mean(dy w x)); dweight += sum over t of dy x rstd; dx may be dy where it does not accumulate. */
export function rmsNormBackward(
  dy: Handle,
  x: Handle,
  weight: Handle,
  rstd: Handle,
  dx: Handle,
  dweight: Handle | 0,
  offset: number,
  accumulate: boolean,
): void {
  ops().rmsNormBackward(dy, x, weight, rstd, dx, dweight, offset, accumulate ? 1 : 0);
}

/** sum += x; y = the RMS norm of sum; the gradient is rmsNormBackward that accumulates into the gradient of sum. */
export function addRmsNorm(
  x: Handle,
  sum: Handle,
  weight: Handle,
  y: Handle,
  rstd: Handle,
  eps: number,
  offset: number,
): void {
  ops().addRmsNorm(x, sum, weight, y, rstd, eps, offset);
}

/** rstd = 1 / sqrt(variance(x) + eps); y = (x - mean) rstd weight + bias. */
export function layerNormForward(
  x: Handle,
  weight: Handle,
  bias: Handle,
  y: Handle,
  mean: Handle,
  rstd: Handle,
  eps: number,
): void {
  ops().layerNormForward(x, weight, bias, y, mean, rstd, eps);
}

/** h = (x - mean) rstd; g = dy weight; dx (+)= rstd (g - mean(g) - h mean(g h)); dweight += sum over t of dy h; dbias += sum over t of dy. */
export function layerNormBackward(
  dy: Handle,
  x: Handle,
  weight: Handle,
  bias: Handle,
  mean: Handle,
  rstd: Handle,
  dx: Handle,
  dweight: Handle | 0,
  dbias: Handle | 0,
  accumulate: boolean,
): void {
  ops().layerNormBackward(dy, x, weight, bias, mean, rstd, dx, dweight, dbias, accumulate ? 1 : 0);
}

/** half-split rotation of the first 2 Half values of a head by positions[t] invFreq[i], times mscale; inverse is the transpose. */
export function rope(x: Handle, positions: Handle, invFreq: Handle, mscale: number, inverse: boolean): void {
  ops().rope(x, positions, invFreq, mscale, inverse ? 1 : 0);
}

/** y = silu(gate) up. */
export function swigluForward(gate: Handle, up: Handle, y: Handle): void {
  ops().swigluForward(gate, up, y);
}

/** s = sigmoid(gate); dgate = dy up s (1 + gate (1 - s)); dup = dy gate s; dgate may be gate, dup may be up. */
export function swigluBackward(dy: Handle, gate: Handle, up: Handle, dgate: Handle, dup: Handle): void {
  ops().swigluBackward(dy, gate, up, dgate, dup);
}

/** y = gelu(gate) up; gelu as in geluForward. */
export function gegluForward(gate: Handle, up: Handle, y: Handle, exact: boolean): void {
  ops().gegluForward(gate, up, y, exact ? 1 : 0);
}

/** dgate = dy up gelu'(gate); dup = dy gelu(gate); dgate may be gate, dup may be up. */
export function gegluBackward(dy: Handle, gate: Handle, up: Handle, dgate: Handle, dup: Handle, exact: boolean): void {
  ops().gegluBackward(dy, gate, up, dgate, dup, exact ? 1 : 0);
}

/** y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))) / 2; exact: y = x (1 + erf(x / sqrt(2))) / 2. */
export function geluForward(x: Handle, y: Handle, exact: boolean): void {
  ops().geluForward(x, y, exact ? 1 : 0);
}

/** dx = dy gelu'(x); dx may be x or dy. */
export function geluBackward(dy: Handle, x: Handle, dx: Handle, exact: boolean): void {
  ops().geluBackward(dy, x, dx, exact ? 1 : 0);
}

/** o = softmax(s) v, s = scale q kᵀ, or softcap tanh(scale q kᵀ / softcap) where softcap > 0, over the earlier tokens of the same sequence, at most `window` of them (0: all); lse = log of the sum; rounded: q, k, v and the weights are rounded to bf16 before each product. */
export function attentionForward(
  q: Handle,
  k: Handle,
  v: Handle,
  cuSeqlens: Handle,
  o: Handle,
  lse: Handle,
  scale: number,
  window: number,
  softcap: number,
  rounded: boolean,
): void {
  ops().attentionForward(q, k, v, cuSeqlens, o, lse, scale, window, softcap, rounded ? 1 : 0);
}

/** ds = p (do vᵀ - rowsum(do o)), times 1 - (s / softcap)² where softcap > 0; dq = scale ds k; dk = scale dsᵀ q; dv = pᵀ do; rounded: as forward, do and ds too. */
export function attentionBackward(
  dOut: Handle,
  q: Handle,
  k: Handle,
  v: Handle,
  o: Handle,
  lse: Handle,
  cuSeqlens: Handle,
  dq: Handle,
  dk: Handle,
  dv: Handle,
  scale: number,
  window: number,
  softcap: number,
  rounded: boolean,
): void {
  ops().attentionBackward(dOut, q, k, v, o, lse, cuSeqlens, dq, dk, dv, scale, window, softcap, rounded ? 1 : 0);
}

/** cache[slot / page][:][slot % page] = row t; a negative slot skips the row; bf16 pages round. */
export function kvWrite(k: Handle, v: Handle, slots: Handle, kCache: Handle, vCache: Handle): void {
  ops().kvWrite(k, v, slots, kCache, vCache);
}

/** rope of q and of k, then kvWrite of k and v. */
export function ropeKvWrite(
  q: Handle,
  k: Handle,
  v: Handle,
  positions: Handle,
  invFreq: Handle,
  slots: Handle,
  kCache: Handle,
  vCache: Handle,
  mscale: number,
): void {
  ops().ropeKvWrite(q, k, v, positions, invFreq, slots, kCache, vCache, mscale);
}

/** row t attends to positions 0..rowPosition[t] of sequence rowSequence[t], scores as in attentionForward; bf16 pages round q and the weights too; a row's bits do not depend on the batch. */
export function pagedAttention(
  q: Handle,
  kCache: Handle,
  vCache: Handle,
  blockTable: Handle,
  rowSequence: Handle,
  rowPosition: Handle,
  o: Handle,
  scale: number,
  window: number,
  softcap: number,
): void {
  ops().pagedAttention(q, kCache, vCache, blockTable, rowSequence, rowPosition, o, scale, window, softcap);
}

/** logits = h Wᵀ in chunks, each turned into softcap tanh(logit / softcap) where softcap > 0; logp = logit[target] - lse; a negative target gives 0. */
export function tokenLogProbsForward(
  h: Handle,
  w: Handle,
  targets: Handle,
  logp: Handle,
  lse: Handle,
  entropy: Handle | 0,
  argmax: Handle | 0,
  softcap: number,
): void {
  ops().tokenLogProbsForward(h, w, targets, logp, lse, entropy, argmax, softcap);
}

/** g = dlogp (onehot(target) - softmax(logits)), with softcap > 0 times 1 - (logit / softcap)²; dh = g W; dw += gᵀ h; a head that rounds h to bf16 rounds g too, for both products. */
export function tokenLogProbsBackward(
  dlogp: Handle,
  h: Handle,
  w: Handle,
  targets: Handle,
  lse: Handle,
  dh: Handle,
  dw: Handle | 0,
  softcap: number,
): void {
  ops().tokenLogProbsBackward(dlogp, h, w, targets, lse, dh, dw, softcap);
}

/** sums = (the sum of -logp, how many argmax are their target). */
export function tokenSums(logp: Handle, argmax: Handle, targets: Handle, sums: Handle): void {
  ops().tokenSums(logp, argmax, targets, sums);
}

/** g *= gradientScale, and where squaredNorm is given, maxNorm > 0 and norm = gradientScale sqrt(squaredNorm): by min(1, maxNorm / (norm + 1e-6)) too; a norm that is not finite changes nothing; p -= lr weightDecay p; m, v = moving averages; p -= lr mhat / (sqrt(vhat) + eps), as torch.optim.AdamW; a bf16 result is rounded up or down by chance, drawn from (seed, step, index); element i of the call is rounded as element 256 firstBlock + i of the tensor that it is a part of. */
export function adamwStep(
  p: Handle,
  g: Handle,
  m: Handle,
  v: Handle,
  squaredNorm: Handle | 0,
  lr: number,
  beta1: number,
  beta2: number,
  eps: number,
  weightDecay: number,
  step: number,
  gradientScale: number,
  maxNorm: number,
  seed: number,
  firstBlock: number,
): void {
  ops().adamwStep(p, g, m, v, squaredNorm, lr, beta1, beta2, eps, weightDecay, step, gradientScale, maxNorm, seed, firstBlock);
}

/** adamwStep on averages that are kept as codes of the dynamic 8-bit maps of bitsandbytes (m signed, v unsigned), times the largest magnitude of their block of 256; a value takes the nearest code, in a tie the one nearer to zero, and no m below zero takes the code of zero. */
export function adamw8bitStep(
  p: Handle,
  g: Handle,
  m: Handle,
  v: Handle,
  mAbsmax: Handle,
  vAbsmax: Handle,
  squaredNorm: Handle | 0,
  lr: number,
  beta1: number,
  beta2: number,
  eps: number,
  weightDecay: number,
  step: number,
  gradientScale: number,
  maxNorm: number,
  seed: number,
  firstBlock: number,
): void {
  ops().adamw8bitStep(p, g, m, v, mAbsmax, vAbsmax, squaredNorm, lr, beta1, beta2, eps, weightDecay, step, gradientScale, maxNorm, seed, firstBlock);
}

/** out (+)= sum of x², in blocks of one fixed size and then over the blocks, whatever the thread count. */
export function sumSquares(x: Handle, out: Handle, accumulate: boolean): void {
  ops().sumSquares(x, out, accumulate ? 1 : 0);
}

/** x = value. */
export function tensorFill(x: Handle, value: number): void {
  ops().tensorFill(x, value);
}

/** dst = src. */
export function tensorCopy(src: Handle, dst: Handle): void {
  ops().tensorCopy(src, dst);
}

/** x *= s. */
export function tensorScale(x: Handle, s: number): void {
  ops().tensorScale(x, s);
}

/** out = a + b. */
export function tensorAdd(a: Handle, b: Handle, out: Handle): void {
  ops().tensorAdd(a, b, out);
}

/** dst += src. */
export function tensorAccumulate(dst: Handle, src: Handle): void {
  ops().tensorAccumulate(dst, src);
}

/** y[i] = uniform(seed, i) < p ? 0 : x[i] / (1 - p); the same call takes dy to dx. */
export function dropout(x: Handle, y: Handle, p: number, seedLow: number, seedHigh: number): void {
  ops().dropout(x, y, p, seedLow, seedHigh);
}

/** y[i] = x[index[i]]. */
export function gatherRows(x: Handle, index: Handle, y: Handle): void {
  ops().gatherRows(x, index, y);
}

/** y[index[i]] += x[i], in the order of i. */
export function scatterRowsAdd(x: Handle, index: Handle, y: Handle): void {
  ops().scatterRowsAdd(x, index, y);
}

/** y[t] = x[t, begin .. begin + W]. */
export function sliceColumnsForward(x: Handle, y: Handle, begin: number): void {
  ops().sliceColumnsForward(x, y, begin);
}

/** dx[t, begin .. begin + W] += dy[t]. */
export function sliceColumnsBackward(dy: Handle, dx: Handle, begin: number): void {
  ops().sliceColumnsBackward(dy, dx, begin);
}

/** p = softmax(logits[t]); ids = the k largest, best first, ties by the lower id; weights = p[ids], with renormalise over their sum. */
export function routeTopKForward(logits: Handle, ids: Handle, weights: Handle, renormalise: boolean): void {
  ops().routeTopKForward(logits, ids, weights, renormalise ? 1 : 0);
}

/** dp[ids] = dweights; dlogits += p (dp - sum(dp p)); with renormalise p is the softmax over ids alone. */
export function routeTopKBackward(
  dweights: Handle,
  logits: Handle,
  ids: Handle,
  dlogits: Handle,
  renormalise: boolean,
): void {
  ops().routeTopKBackward(dweights, logits, ids, dlogits, renormalise ? 1 : 0);
}

/** the T k choices by expert, then by token: choice (t, j) comes to place places[t,j], and rows[place] = t; the choices of expert e by the tokens of piece p take the places from segments[e,p] to segments[e,p+1]. */
export function routeRows(ids: Handle, pieces: Handle, rows: Handle, places: Handle, segments: Handle): void {
  ops().routeRows(ids, pieces, rows, places, segments);
}

/** linearForward on the rows from segments[expert,0] to segments[expert,S-1]; the others stay as they are. */
export function expertLinearForward(x: Handle, segments: Handle, expert: number, w: Handle, y: Handle): void {
  ops().expertLinearForward(x, segments, expert, w, y);
}

/** linearBackwardInput on the rows of the expert. */
export function expertLinearBackwardInput(
  dy: Handle,
  segments: Handle,
  expert: number,
  w: Handle,
  dx: Handle,
  accumulate: boolean,
): void {
  ops().expertLinearBackwardInput(dy, segments, expert, w, dx, accumulate ? 1 : 0);
}

/** linearBackwardWeight on the rows of the expert. */
export function expertLinearBackwardWeight(
  dy: Handle,
  x: Handle,
  segments: Handle,
  expert: number,
  dw: Handle,
  accumulate: boolean,
  roundsToBf16: boolean,
): void {
  ops().expertLinearBackwardWeight(dy, x, segments, expert, dw, accumulate ? 1 : 0, roundsToBf16 ? 1 : 0);
}

/** loraForward on the rows from segments[expert,piece] to segments[expert,piece+1]; their xa lies without gaps from row segments[expert,piece] on. */
export function expertLoraForward(
  x: Handle,
  segments: Handle,
  expert: number,
  piece: number,
  a: Handle,
  b: Handle,
  scale: number,
  y: Handle,
  xa: Handle,
): void {
  ops().expertLoraForward(x, segments, expert, piece, a, b, scale, y, xa);
}

/** loraBackward on the rows of the piece. */
export function expertLoraBackward(
  dy: Handle,
  x: Handle,
  segments: Handle,
  expert: number,
  piece: number,
  a: Handle,
  b: Handle,
  xa: Handle,
  scale: number,
  dx: Handle | 0,
  da: Handle,
  db: Handle,
): void {
  ops().expertLoraBackward(dy, x, segments, expert, piece, a, b, xa, scale, dx, da, db);
}

/** y[t] = sum over j of weights[t,j] x[places[t,j]], by ascending place. */
export function mixRowsForward(x: Handle, weights: Handle, places: Handle, y: Handle): void {
  ops().mixRowsForward(x, weights, places, y);
}

/** dx[places[t,j]] = weights[t,j] dy[t]; dweights[t,j] += dy[t] · x[places[t,j]]; every row of x is one token's. */
export function mixRowsBackward(
  dy: Handle,
  x: Handle,
  weights: Handle,
  places: Handle,
  dx: Handle,
  dweights: Handle,
): void {
  ops().mixRowsBackward(dy, x, weights, places, dx, dweights);
}

/** dst = src, rounded to nearest even. */
export function tensorCast(src: Handle, dst: Handle): void {
  ops().tensorCast(src, dst);
}

/** logits[rows[i], cols[i]] += values[i], in the order of i. */
export function logitsAddSparse(logits: Handle, rows: Handle, cols: Handle, values: Handle): void {
  ops().logitsAddSparse(logits, rows, cols, values);
}

/** logits = cap tanh(logits / cap). */
export function logitsSoftcap(logits: Handle, cap: number): void {
  ops().logitsSoftcap(logits, cap);
}

/** temperature (0: greedy, the lowest id wins), top-k, top-p, min-p, then an inverse-CDF draw by uniform(seeds[b], counters[b]). */
export function sample(
  logits: Handle,
  temperature: Handle,
  topK: Handle,
  topP: Handle,
  minP: Handle,
  seeds: Handle,
  counters: Handle,
  tokens: Handle,
): void {
  ops().sample(logits, temperature, topK, topP, minP, seeds, counters, tokens);
}

/** a bias is added to each id >= 0 of its row, in order; then, with c = counts[slots[b], v] > 0, frequencyPenalty[b] c + presencePenalty[b] comes off, unless the slot is negative; then v becomes -inf where bit v % 32 of word v / 32 of its mask is 0. */
export function logitsAdjust(
  logits: Handle,
  biasIds: Handle | 0,
  biasValues: Handle | 0,
  slots: Handle | 0,
  counts: Handle | 0,
  frequencyPenalty: Handle | 0,
  presencePenalty: Handle | 0,
  mask: Handle | 0,
): void {
  ops().logitsAdjust(logits, biasIds, biasValues, slots, counts, frequencyPenalty, presencePenalty, mask);
}

/** counts[slots[b], tokens[b]] += 1; a negative slot counts nothing. */
export function tokenCountsAdd(counts: Handle, slots: Handle, tokens: Handle): void {
  ops().tokenCountsAdd(counts, slots, tokens);
}

/** log-softmax of each row: the value at tokens[b] and the k largest, ties by the lower id. */
export function logitsTopLogProbs(logits: Handle, tokens: Handle, logp: Handle, topIds: Handle, topLogp: Handle): void {
  ops().logitsTopLogProbs(logits, tokens, logp, topIds, topLogp);
}

export const opSpecs: Readonly<Record<OpName, OpSpec>> = {
  linearForward: {
    differentiable: 'linear',
    backwardOf: null,
    saved: ['x', 'w'],
    tolerance: 0.00001,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'w', kind: 'tensor', io: 'in', optional: false },
      { name: 'bias', kind: 'tensor', io: 'in', optional: true },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  linearGroupForward: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'w0', kind: 'tensor', io: 'in', optional: false },
      { name: 'bias0', kind: 'tensor', io: 'in', optional: true },
      { name: 'y0', kind: 'tensor', io: 'out', optional: false },
      { name: 'w1', kind: 'tensor', io: 'in', optional: false },
      { name: 'bias1', kind: 'tensor', io: 'in', optional: true },
      { name: 'y1', kind: 'tensor', io: 'out', optional: false },
      { name: 'w2', kind: 'tensor', io: 'in', optional: true },
      { name: 'bias2', kind: 'tensor', io: 'in', optional: true },
      { name: 'y2', kind: 'tensor', io: 'out', optional: true },
    ],
  },
  linearBackwardInput: {
    differentiable: null,
    backwardOf: 'linearForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'w', kind: 'tensor', io: 'in', optional: false },
      { name: 'dx', kind: 'tensor', io: 'inout', optional: false },
      { name: 'accumulate', kind: 'bool' },
    ],
  },
  linearBackwardWeight: {
    differentiable: null,
    backwardOf: 'linearForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'dw', kind: 'tensor', io: 'inout', optional: false },
      { name: 'dbias', kind: 'tensor', io: 'inout', optional: true },
      { name: 'accumulate', kind: 'bool' },
      { name: 'roundsToBf16', kind: 'bool' },
    ],
  },
  loraForward: {
    differentiable: 'lora',
    backwardOf: null,
    saved: ['x', 'a', 'b', 'xa'],
    tolerance: 0.00001,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'a', kind: 'tensor', io: 'in', optional: false },
      { name: 'b', kind: 'tensor', io: 'in', optional: false },
      { name: 'scale', kind: 'number' },
      { name: 'y', kind: 'tensor', io: 'inout', optional: false },
      { name: 'xa', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  loraBackward: {
    differentiable: null,
    backwardOf: 'loraForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'a', kind: 'tensor', io: 'in', optional: false },
      { name: 'b', kind: 'tensor', io: 'in', optional: false },
      { name: 'xa', kind: 'tensor', io: 'in', optional: false },
      { name: 'scale', kind: 'number' },
      { name: 'dx', kind: 'tensor', io: 'inout', optional: true },
      { name: 'da', kind: 'tensor', io: 'inout', optional: false },
      { name: 'db', kind: 'tensor', io: 'inout', optional: false },
    ],
  },
  loraGroupedForward: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'inout', optional: false },
      { name: 'a0', kind: 'tensor', io: 'in', optional: false },
      { name: 'b0', kind: 'tensor', io: 'in', optional: false },
      { name: 'begin0', kind: 'uint' },
      { name: 'end0', kind: 'uint' },
      { name: 'scale0', kind: 'number' },
      { name: 'a1', kind: 'tensor', io: 'in', optional: true },
      { name: 'b1', kind: 'tensor', io: 'in', optional: true },
      { name: 'begin1', kind: 'uint' },
      { name: 'end1', kind: 'uint' },
      { name: 'scale1', kind: 'number' },
      { name: 'a2', kind: 'tensor', io: 'in', optional: true },
      { name: 'b2', kind: 'tensor', io: 'in', optional: true },
      { name: 'begin2', kind: 'uint' },
      { name: 'end2', kind: 'uint' },
      { name: 'scale2', kind: 'number' },
      { name: 'a3', kind: 'tensor', io: 'in', optional: true },
      { name: 'b3', kind: 'tensor', io: 'in', optional: true },
      { name: 'begin3', kind: 'uint' },
      { name: 'end3', kind: 'uint' },
      { name: 'scale3', kind: 'number' },
    ],
  },
  loraPagedForward: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'slots', kind: 'tensor', io: 'in', optional: false },
      { name: 'a', kind: 'tensor', io: 'in', optional: false },
      { name: 'b', kind: 'tensor', io: 'in', optional: false },
      { name: 'pages', kind: 'tensor', io: 'in', optional: false },
      { name: 'places', kind: 'tensor', io: 'in', optional: false },
      { name: 'scales', kind: 'tensor', io: 'in', optional: false },
      { name: 'rankMax', kind: 'uint' },
      { name: 'y', kind: 'tensor', io: 'inout', optional: false },
    ],
  },
  embeddingForward: {
    differentiable: 'embedding',
    backwardOf: null,
    saved: ['ids'],
    tolerance: 0,
    args: [
      { name: 'ids', kind: 'tensor', io: 'in', optional: false },
      { name: 'table', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  embeddingBackward: {
    differentiable: null,
    backwardOf: 'embeddingForward',
    saved: [],
    tolerance: 0,
    args: [
      { name: 'ids', kind: 'tensor', io: 'in', optional: false },
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'dtable', kind: 'tensor', io: 'inout', optional: false },
    ],
  },
  rmsNormForward: {
    differentiable: 'rmsNorm',
    backwardOf: null,
    saved: ['x', 'weight', 'rstd'],
    tolerance: 0.000002,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'weight', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
      { name: 'rstd', kind: 'tensor', io: 'out', optional: false },
      { name: 'eps', kind: 'number' },
      { name: 'offset', kind: 'number' },
    ],
  },
  rmsNormBackward: {
    differentiable: null,
    backwardOf: 'rmsNormForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'weight', kind: 'tensor', io: 'in', optional: false },
      { name: 'rstd', kind: 'tensor', io: 'in', optional: false },
      { name: 'dx', kind: 'tensor', io: 'inout', optional: false },
      { name: 'dweight', kind: 'tensor', io: 'inout', optional: true },
      { name: 'offset', kind: 'number' },
      { name: 'accumulate', kind: 'bool' },
    ],
  },
  addRmsNorm: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.000002,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'sum', kind: 'tensor', io: 'inout', optional: false },
      { name: 'weight', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
      { name: 'rstd', kind: 'tensor', io: 'out', optional: false },
      { name: 'eps', kind: 'number' },
      { name: 'offset', kind: 'number' },
    ],
  },
  layerNormForward: {
    differentiable: 'layerNorm',
    backwardOf: null,
    saved: ['x', 'weight', 'mean', 'rstd'],
    tolerance: 0.000004,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'weight', kind: 'tensor', io: 'in', optional: false },
      { name: 'bias', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
      { name: 'mean', kind: 'tensor', io: 'out', optional: false },
      { name: 'rstd', kind: 'tensor', io: 'out', optional: false },
      { name: 'eps', kind: 'number' },
    ],
  },
  layerNormBackward: {
    differentiable: null,
    backwardOf: 'layerNormForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'weight', kind: 'tensor', io: 'in', optional: false },
      { name: 'bias', kind: 'tensor', io: 'in', optional: false },
      { name: 'mean', kind: 'tensor', io: 'in', optional: false },
      { name: 'rstd', kind: 'tensor', io: 'in', optional: false },
      { name: 'dx', kind: 'tensor', io: 'inout', optional: false },
      { name: 'dweight', kind: 'tensor', io: 'inout', optional: true },
      { name: 'dbias', kind: 'tensor', io: 'inout', optional: true },
      { name: 'accumulate', kind: 'bool' },
    ],
  },
  rope: {
    differentiable: 'rope',
    backwardOf: null,
    saved: ['positions', 'invFreq'],
    tolerance: 0.000002,
    args: [
      { name: 'x', kind: 'tensor', io: 'inout', optional: false },
      { name: 'positions', kind: 'tensor', io: 'in', optional: false },
      { name: 'invFreq', kind: 'tensor', io: 'in', optional: false },
      { name: 'mscale', kind: 'number' },
      { name: 'inverse', kind: 'bool' },
    ],
  },
  swigluForward: {
    differentiable: 'swiglu',
    backwardOf: null,
    saved: ['gate', 'up'],
    tolerance: 0.000002,
    args: [
      { name: 'gate', kind: 'tensor', io: 'in', optional: false },
      { name: 'up', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  swigluBackward: {
    differentiable: null,
    backwardOf: 'swigluForward',
    saved: [],
    tolerance: 0.000004,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'gate', kind: 'tensor', io: 'in', optional: false },
      { name: 'up', kind: 'tensor', io: 'in', optional: false },
      { name: 'dgate', kind: 'tensor', io: 'out', optional: false },
      { name: 'dup', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  gegluForward: {
    differentiable: 'geglu',
    backwardOf: null,
    saved: ['gate', 'up'],
    tolerance: 0.000004,
    args: [
      { name: 'gate', kind: 'tensor', io: 'in', optional: false },
      { name: 'up', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
      { name: 'exact', kind: 'bool' },
    ],
  },
  gegluBackward: {
    differentiable: null,
    backwardOf: 'gegluForward',
    saved: [],
    tolerance: 0.000006,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'gate', kind: 'tensor', io: 'in', optional: false },
      { name: 'up', kind: 'tensor', io: 'in', optional: false },
      { name: 'dgate', kind: 'tensor', io: 'out', optional: false },
      { name: 'dup', kind: 'tensor', io: 'out', optional: false },
      { name: 'exact', kind: 'bool' },
    ],
  },
  geluForward: {
    differentiable: 'gelu',
    backwardOf: null,
    saved: ['x'],
    tolerance: 0.000004,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
      { name: 'exact', kind: 'bool' },
    ],
  },
  geluBackward: {
    differentiable: null,
    backwardOf: 'geluForward',
    saved: [],
    tolerance: 0.000006,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'dx', kind: 'tensor', io: 'out', optional: false },
      { name: 'exact', kind: 'bool' },
    ],
  },
  attentionForward: {
    differentiable: 'attention',
    backwardOf: null,
    saved: ['q', 'k', 'v', 'o', 'lse', 'cuSeqlens'],
    tolerance: 0.00001,
    args: [
      { name: 'q', kind: 'tensor', io: 'in', optional: false },
      { name: 'k', kind: 'tensor', io: 'in', optional: false },
      { name: 'v', kind: 'tensor', io: 'in', optional: false },
      { name: 'cuSeqlens', kind: 'tensor', io: 'in', optional: false },
      { name: 'o', kind: 'tensor', io: 'out', optional: false },
      { name: 'lse', kind: 'tensor', io: 'out', optional: false },
      { name: 'scale', kind: 'number' },
      { name: 'window', kind: 'int' },
      { name: 'softcap', kind: 'number' },
      { name: 'rounded', kind: 'bool' },
    ],
  },
  attentionBackward: {
    differentiable: null,
    backwardOf: 'attentionForward',
    saved: [],
    tolerance: 0.00002,
    args: [
      { name: 'do', kind: 'tensor', io: 'in', optional: false },
      { name: 'q', kind: 'tensor', io: 'in', optional: false },
      { name: 'k', kind: 'tensor', io: 'in', optional: false },
      { name: 'v', kind: 'tensor', io: 'in', optional: false },
      { name: 'o', kind: 'tensor', io: 'in', optional: false },
      { name: 'lse', kind: 'tensor', io: 'in', optional: false },
      { name: 'cuSeqlens', kind: 'tensor', io: 'in', optional: false },
      { name: 'dq', kind: 'tensor', io: 'out', optional: false },
      { name: 'dk', kind: 'tensor', io: 'out', optional: false },
      { name: 'dv', kind: 'tensor', io: 'out', optional: false },
      { name: 'scale', kind: 'number' },
      { name: 'window', kind: 'int' },
      { name: 'softcap', kind: 'number' },
      { name: 'rounded', kind: 'bool' },
    ],
  },
  kvWrite: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'k', kind: 'tensor', io: 'in', optional: false },
      { name: 'v', kind: 'tensor', io: 'in', optional: false },
      { name: 'slots', kind: 'tensor', io: 'in', optional: false },
      { name: 'kCache', kind: 'tensor', io: 'inout', optional: false },
      { name: 'vCache', kind: 'tensor', io: 'inout', optional: false },
    ],
  },
  ropeKvWrite: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.000002,
    args: [
      { name: 'q', kind: 'tensor', io: 'inout', optional: false },
      { name: 'k', kind: 'tensor', io: 'inout', optional: false },
      { name: 'v', kind: 'tensor', io: 'in', optional: false },
      { name: 'positions', kind: 'tensor', io: 'in', optional: false },
      { name: 'invFreq', kind: 'tensor', io: 'in', optional: false },
      { name: 'slots', kind: 'tensor', io: 'in', optional: false },
      { name: 'kCache', kind: 'tensor', io: 'inout', optional: false },
      { name: 'vCache', kind: 'tensor', io: 'inout', optional: false },
      { name: 'mscale', kind: 'number' },
    ],
  },
  pagedAttention: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'q', kind: 'tensor', io: 'in', optional: false },
      { name: 'kCache', kind: 'tensor', io: 'in', optional: false },
      { name: 'vCache', kind: 'tensor', io: 'in', optional: false },
      { name: 'blockTable', kind: 'tensor', io: 'in', optional: false },
      { name: 'rowSequence', kind: 'tensor', io: 'in', optional: false },
      { name: 'rowPosition', kind: 'tensor', io: 'in', optional: false },
      { name: 'o', kind: 'tensor', io: 'out', optional: false },
      { name: 'scale', kind: 'number' },
      { name: 'window', kind: 'int' },
      { name: 'softcap', kind: 'number' },
    ],
  },
  tokenLogProbsForward: {
    differentiable: 'tokenLogProbs',
    backwardOf: null,
    saved: ['h', 'w', 'targets', 'lse'],
    tolerance: 0.00001,
    args: [
      { name: 'h', kind: 'tensor', io: 'in', optional: false },
      { name: 'w', kind: 'tensor', io: 'in', optional: false },
      { name: 'targets', kind: 'tensor', io: 'in', optional: false },
      { name: 'logp', kind: 'tensor', io: 'out', optional: false },
      { name: 'lse', kind: 'tensor', io: 'out', optional: false },
      { name: 'entropy', kind: 'tensor', io: 'out', optional: true },
      { name: 'argmax', kind: 'tensor', io: 'out', optional: true },
      { name: 'softcap', kind: 'number' },
    ],
  },
  tokenLogProbsBackward: {
    differentiable: null,
    backwardOf: 'tokenLogProbsForward',
    saved: [],
    tolerance: 0.00002,
    args: [
      { name: 'dlogp', kind: 'tensor', io: 'in', optional: false },
      { name: 'h', kind: 'tensor', io: 'in', optional: false },
      { name: 'w', kind: 'tensor', io: 'in', optional: false },
      { name: 'targets', kind: 'tensor', io: 'in', optional: false },
      { name: 'lse', kind: 'tensor', io: 'in', optional: false },
      { name: 'dh', kind: 'tensor', io: 'out', optional: false },
      { name: 'dw', kind: 'tensor', io: 'inout', optional: true },
      { name: 'softcap', kind: 'number' },
    ],
  },
  tokenSums: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.000002,
    args: [
      { name: 'logp', kind: 'tensor', io: 'in', optional: false },
      { name: 'argmax', kind: 'tensor', io: 'in', optional: false },
      { name: 'targets', kind: 'tensor', io: 'in', optional: false },
      { name: 'sums', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  adamwStep: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.000002,
    args: [
      { name: 'p', kind: 'tensor', io: 'inout', optional: false },
      { name: 'g', kind: 'tensor', io: 'in', optional: false },
      { name: 'm', kind: 'tensor', io: 'inout', optional: false },
      { name: 'v', kind: 'tensor', io: 'inout', optional: false },
      { name: 'squaredNorm', kind: 'tensor', io: 'in', optional: true },
      { name: 'lr', kind: 'number' },
      { name: 'beta1', kind: 'number' },
      { name: 'beta2', kind: 'number' },
      { name: 'eps', kind: 'number' },
      { name: 'weightDecay', kind: 'number' },
      { name: 'step', kind: 'int' },
      { name: 'gradientScale', kind: 'number' },
      { name: 'maxNorm', kind: 'number' },
      { name: 'seed', kind: 'uint' },
      { name: 'firstBlock', kind: 'int' },
    ],
  },
  adamw8bitStep: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.000002,
    args: [
      { name: 'p', kind: 'tensor', io: 'inout', optional: false },
      { name: 'g', kind: 'tensor', io: 'in', optional: false },
      { name: 'm', kind: 'tensor', io: 'inout', optional: false },
      { name: 'v', kind: 'tensor', io: 'inout', optional: false },
      { name: 'mAbsmax', kind: 'tensor', io: 'inout', optional: false },
      { name: 'vAbsmax', kind: 'tensor', io: 'inout', optional: false },
      { name: 'squaredNorm', kind: 'tensor', io: 'in', optional: true },
      { name: 'lr', kind: 'number' },
      { name: 'beta1', kind: 'number' },
      { name: 'beta2', kind: 'number' },
      { name: 'eps', kind: 'number' },
      { name: 'weightDecay', kind: 'number' },
      { name: 'step', kind: 'int' },
      { name: 'gradientScale', kind: 'number' },
      { name: 'maxNorm', kind: 'number' },
      { name: 'seed', kind: 'uint' },
      { name: 'firstBlock', kind: 'int' },
    ],
  },
  sumSquares: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.000002,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'out', kind: 'tensor', io: 'inout', optional: false },
      { name: 'accumulate', kind: 'bool' },
    ],
  },
  tensorFill: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'x', kind: 'tensor', io: 'out', optional: false },
      { name: 'value', kind: 'number' },
    ],
  },
  tensorCopy: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'src', kind: 'tensor', io: 'in', optional: false },
      { name: 'dst', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  tensorScale: {
    differentiable: 'scale',
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'x', kind: 'tensor', io: 'inout', optional: false },
      { name: 's', kind: 'number' },
    ],
  },
  tensorAdd: {
    differentiable: 'add',
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'a', kind: 'tensor', io: 'in', optional: false },
      { name: 'b', kind: 'tensor', io: 'in', optional: false },
      { name: 'out', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  tensorAccumulate: {
    differentiable: 'accumulate',
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'dst', kind: 'tensor', io: 'inout', optional: false },
      { name: 'src', kind: 'tensor', io: 'in', optional: false },
    ],
  },
  dropout: {
    differentiable: 'dropout',
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
      { name: 'p', kind: 'number' },
      { name: 'seedLow', kind: 'uint' },
      { name: 'seedHigh', kind: 'uint' },
    ],
  },
  gatherRows: {
    differentiable: 'gatherRows',
    backwardOf: null,
    saved: ['index'],
    tolerance: 0,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'index', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  scatterRowsAdd: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'index', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'inout', optional: false },
    ],
  },
  sliceColumnsForward: {
    differentiable: 'sliceColumns',
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
      { name: 'begin', kind: 'int' },
    ],
  },
  sliceColumnsBackward: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'dx', kind: 'tensor', io: 'inout', optional: false },
      { name: 'begin', kind: 'int' },
    ],
  },
  routeTopKForward: {
    differentiable: 'routeTopK',
    backwardOf: null,
    saved: ['logits', 'ids'],
    tolerance: 0.000004,
    args: [
      { name: 'logits', kind: 'tensor', io: 'in', optional: false },
      { name: 'ids', kind: 'tensor', io: 'out', optional: false },
      { name: 'weights', kind: 'tensor', io: 'out', optional: false },
      { name: 'renormalise', kind: 'bool' },
    ],
  },
  routeTopKBackward: {
    differentiable: null,
    backwardOf: 'routeTopKForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dweights', kind: 'tensor', io: 'in', optional: false },
      { name: 'logits', kind: 'tensor', io: 'in', optional: false },
      { name: 'ids', kind: 'tensor', io: 'in', optional: false },
      { name: 'dlogits', kind: 'tensor', io: 'inout', optional: false },
      { name: 'renormalise', kind: 'bool' },
    ],
  },
  routeRows: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'ids', kind: 'tensor', io: 'in', optional: false },
      { name: 'pieces', kind: 'tensor', io: 'in', optional: false },
      { name: 'rows', kind: 'tensor', io: 'out', optional: false },
      { name: 'places', kind: 'tensor', io: 'out', optional: false },
      { name: 'segments', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  expertLinearForward: {
    differentiable: 'expertLinear',
    backwardOf: null,
    saved: ['x', 'segments', 'w'],
    tolerance: 0.00001,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'segments', kind: 'tensor', io: 'in', optional: false },
      { name: 'expert', kind: 'uint' },
      { name: 'w', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'inout', optional: false },
    ],
  },
  expertLinearBackwardInput: {
    differentiable: null,
    backwardOf: 'expertLinearForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'segments', kind: 'tensor', io: 'in', optional: false },
      { name: 'expert', kind: 'uint' },
      { name: 'w', kind: 'tensor', io: 'in', optional: false },
      { name: 'dx', kind: 'tensor', io: 'inout', optional: false },
      { name: 'accumulate', kind: 'bool' },
    ],
  },
  expertLinearBackwardWeight: {
    differentiable: null,
    backwardOf: 'expertLinearForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'segments', kind: 'tensor', io: 'in', optional: false },
      { name: 'expert', kind: 'uint' },
      { name: 'dw', kind: 'tensor', io: 'inout', optional: false },
      { name: 'accumulate', kind: 'bool' },
      { name: 'roundsToBf16', kind: 'bool' },
    ],
  },
  expertLoraForward: {
    differentiable: 'expertLora',
    backwardOf: null,
    saved: ['x', 'segments', 'a', 'b', 'xa'],
    tolerance: 0.00001,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'segments', kind: 'tensor', io: 'in', optional: false },
      { name: 'expert', kind: 'uint' },
      { name: 'piece', kind: 'uint' },
      { name: 'a', kind: 'tensor', io: 'in', optional: false },
      { name: 'b', kind: 'tensor', io: 'in', optional: false },
      { name: 'scale', kind: 'number' },
      { name: 'y', kind: 'tensor', io: 'inout', optional: false },
      { name: 'xa', kind: 'tensor', io: 'inout', optional: false },
    ],
  },
  expertLoraBackward: {
    differentiable: null,
    backwardOf: 'expertLoraForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'segments', kind: 'tensor', io: 'in', optional: false },
      { name: 'expert', kind: 'uint' },
      { name: 'piece', kind: 'uint' },
      { name: 'a', kind: 'tensor', io: 'in', optional: false },
      { name: 'b', kind: 'tensor', io: 'in', optional: false },
      { name: 'xa', kind: 'tensor', io: 'in', optional: false },
      { name: 'scale', kind: 'number' },
      { name: 'dx', kind: 'tensor', io: 'inout', optional: true },
      { name: 'da', kind: 'tensor', io: 'inout', optional: false },
      { name: 'db', kind: 'tensor', io: 'inout', optional: false },
    ],
  },
  mixRowsForward: {
    differentiable: 'mixRows',
    backwardOf: null,
    saved: ['x', 'weights', 'places'],
    tolerance: 0.000002,
    args: [
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'weights', kind: 'tensor', io: 'in', optional: false },
      { name: 'places', kind: 'tensor', io: 'in', optional: false },
      { name: 'y', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  mixRowsBackward: {
    differentiable: null,
    backwardOf: 'mixRowsForward',
    saved: [],
    tolerance: 0.00001,
    args: [
      { name: 'dy', kind: 'tensor', io: 'in', optional: false },
      { name: 'x', kind: 'tensor', io: 'in', optional: false },
      { name: 'weights', kind: 'tensor', io: 'in', optional: false },
      { name: 'places', kind: 'tensor', io: 'in', optional: false },
      { name: 'dx', kind: 'tensor', io: 'out', optional: false },
      { name: 'dweights', kind: 'tensor', io: 'inout', optional: false },
    ],
  },
  tensorCast: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'src', kind: 'tensor', io: 'in', optional: false },
      { name: 'dst', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  logitsAddSparse: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'logits', kind: 'tensor', io: 'inout', optional: false },
      { name: 'rows', kind: 'tensor', io: 'in', optional: false },
      { name: 'cols', kind: 'tensor', io: 'in', optional: false },
      { name: 'values', kind: 'tensor', io: 'in', optional: false },
    ],
  },
  logitsSoftcap: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.000002,
    args: [
      { name: 'logits', kind: 'tensor', io: 'inout', optional: false },
      { name: 'cap', kind: 'number' },
    ],
  },
  sample: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'logits', kind: 'tensor', io: 'in', optional: false },
      { name: 'temperature', kind: 'tensor', io: 'in', optional: false },
      { name: 'topK', kind: 'tensor', io: 'in', optional: false },
      { name: 'topP', kind: 'tensor', io: 'in', optional: false },
      { name: 'minP', kind: 'tensor', io: 'in', optional: false },
      { name: 'seeds', kind: 'tensor', io: 'in', optional: false },
      { name: 'counters', kind: 'tensor', io: 'in', optional: false },
      { name: 'tokens', kind: 'tensor', io: 'out', optional: false },
    ],
  },
  logitsAdjust: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'logits', kind: 'tensor', io: 'inout', optional: false },
      { name: 'biasIds', kind: 'tensor', io: 'in', optional: true },
      { name: 'biasValues', kind: 'tensor', io: 'in', optional: true },
      { name: 'slots', kind: 'tensor', io: 'in', optional: true },
      { name: 'counts', kind: 'tensor', io: 'in', optional: true },
      { name: 'frequencyPenalty', kind: 'tensor', io: 'in', optional: true },
      { name: 'presencePenalty', kind: 'tensor', io: 'in', optional: true },
      { name: 'mask', kind: 'tensor', io: 'in', optional: true },
    ],
  },
  tokenCountsAdd: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0,
    args: [
      { name: 'counts', kind: 'tensor', io: 'inout', optional: false },
      { name: 'slots', kind: 'tensor', io: 'in', optional: false },
      { name: 'tokens', kind: 'tensor', io: 'in', optional: false },
    ],
  },
  logitsTopLogProbs: {
    differentiable: null,
    backwardOf: null,
    saved: [],
    tolerance: 0.000002,
    args: [
      { name: 'logits', kind: 'tensor', io: 'in', optional: false },
      { name: 'tokens', kind: 'tensor', io: 'in', optional: false },
      { name: 'logp', kind: 'tensor', io: 'out', optional: false },
      { name: 'topIds', kind: 'tensor', io: 'out', optional: false },
      { name: 'topLogp', kind: 'tensor', io: 'out', optional: false },
    ],
  },
};
