// Requests of a replay, and what their times tell. Lengths have the means of ShareGPT, 202 tokens in and 179 out; they and the times of
// arrival are exponential, and adapters follow Zipf's law, so that a few have most of the requests.
import { quantile } from 'simple-statistics';
import { randomWords } from '../shapes.mjs';

const lengthLeast = 4;
const lengthMost = 8; // Times the mean.

/**
 * [{ ids, tokens, at, adapter }], `at` seconds after the beginning; `rate` requests a second, or all at once. `text` draws other tokens
 * of the same lengths, so that no cache of prefixes knows them from a run before.
 */
export function drawnRequests(shape, { count, prompt = 202, answer = 179, rate = Infinity, adapters = 0, text }) {
  const next = randomWords(1);
  const nextId = randomWords(1000 + text);
  const uniform = () => (next() + 1) / 2 ** 32;
  const exponential = (mean) => -mean * Math.log(uniform());
  const length = (mean) =>
    Math.round(Math.min(lengthMost * mean, lengthLeast + exponential(Math.max(0, mean - lengthLeast))));
  const rank = zipf(adapters, uniform);
  let at = 0;
  return Array.from({ length: count }, () => {
    at += Number.isFinite(rate) ? exponential(1 / rate) : 0;
    const ids = Array.from({ length: length(prompt) }, () => nextId() % shape.vocab_size);
    return { ids, tokens: length(answer), at, adapter: rank() };
  });
}

/** Draws 0 .. count-1, the r-th as likely as 1 / (r + 1); -1 where there is nothing to draw from. */
function zipf(count, uniform) {
  if (count === 0) return () => -1;
  const weights = Array.from({ length: count }, (_, at) => 1 / (at + 1));
  const sum = weights.reduce((a, b) => a + b);
  return () => {
    let left = uniform() * sum;
    const at = weights.findIndex((weight) => (left -= weight) <= 0);
    return at < 0 ? count - 1 : at;
  };
}

/** `times`: for each request the seconds at which its tokens were there. Time to first token and between tokens in milliseconds. */
export function figuresOf(requests, times) {
  const tokens = times.reduce((sum, { length }) => sum + length, 0);
  const seconds = Math.max(...times.map((each) => each.at(-1)));
  const first = times.map((each, index) => 1000 * (each[0] - requests[index].at));
  const between = times.flatMap((each) => each.slice(1).map((time, index) => 1000 * (time - each[index])));
  const spread = (values) => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) });
  return { tokens, seconds, rate: tokens / seconds, ttft: spread(first), itl: spread(between) };
}

/** What a step moves: the weights once, keys and values of each token before it, an adapter of rank 16 on all linears. */
export function bytesOf({ hidden_size: hidden, num_hidden_layers: layers, intermediate_size: inner, ...shape }) {
  const kv = (hidden / shape.num_attention_heads) * shape.num_key_value_heads;
  const linears = layers * (2 * hidden * hidden + 2 * kv * hidden + 3 * inner * hidden);
  const widths = layers * (2 * (hidden + hidden) + 2 * (hidden + kv) + 3 * (hidden + inner));
  return {
    linears,
    weights: 2 * (linears + shape.vocab_size * hidden),
    token: 4 * layers * kv,
    adapter: 2 * 16 * widths,
  };
}

const sumOf = (requests, of) => requests.reduce((total, request) => total + of(request), 0);
export const answerTokens = (requests) => sumOf(requests, ({ tokens }) => tokens);
export const promptTokens = (requests) => sumOf(requests, ({ ids }) => ids.length);
/** Rows of keys and values that all steps of all requests read. */
export const rowsRead = (requests) => sumOf(requests, ({ ids, tokens }) => tokens * (ids.length + tokens / 2));

/**
 * Seconds that no scheduler can go below: products of the prompts at the matrix rate; then, with as many sequences at a time as may run,
 * the weights once for each step and the keys and values of every token at the copy rate. `copy` in GB/s, `matrix` in TFLOP/s.
 */
export function floorSeconds(shape, requests, { sequencesMax, copy, matrix }) {
  const { linears, weights, token } = bytesOf(shape);
  const steps = Math.max(answerTokens(requests) / sequencesMax, ...requests.map(({ tokens }) => tokens));
  const moved = steps * weights + rowsRead(requests) * token;
  return (2 * linears * promptTokens(requests)) / (matrix * 1e12) + moved / (copy * 1e9);
}
