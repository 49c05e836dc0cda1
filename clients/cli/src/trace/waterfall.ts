import { bold, dim, red } from '../show/talk.js';
import type { Span } from './spans.js';

const nameWidthMax = 72;
const barWidth = 40;

/** A trace as lines: each span under its parent, with its service, a bar on the common time axis, and its duration. */
export function waterfall(unordered: readonly Span[]): string[] {
  const spans = [...unordered].sort((a, b) => a.startMs - b.startMs);
  const start = Math.min(...spans.map(({ startMs }) => startMs));
  const end = Math.max(...spans.map(({ startMs, durationMs }) => startMs + durationMs));
  const rows = nested(spans);
  const serviceWidth = Math.max(...spans.map(({ service }) => service.length));
  const nameWidth = Math.min(
    nameWidthMax,
    Math.max(...rows.map(({ depth, span }) => 2 * depth + shortName(span).length)),
  );
  return rows.map(({ span, depth }) => {
    const label = `${'  '.repeat(depth)}${shortName(span)}`;
    const name = label.length > nameWidth ? `${label.slice(0, nameWidth - 1)}…` : label.padEnd(nameWidth);
    const bar = barOf(span, start, Math.max(1, end - start));
    const line = `${span.service.padEnd(serviceWidth)}  ${name}  ${bar}  ${durationText(span.durationMs)}`;
    return span.status === 'error' ? red(line) : depth === 0 ? bold(line) : line;
  });
}

/** Every subject begins alike. */
const shortName = ({ name }: Span): string => name.replace('hone.v1.', '');

function barOf({ startMs, durationMs }: Span, start: number, total: number): string {
  const from = Math.min(barWidth - 1, Math.floor(((startMs - start) / total) * barWidth));
  const width = Math.max(1, Math.min(barWidth - from, Math.round((durationMs / total) * barWidth)));
  return dim('·'.repeat(from)) + '█'.repeat(width) + dim('·'.repeat(barWidth - from - width));
}

/** Parents before children, children in order of their start. A span whose parent is unknown stands at the left. */
function nested(spans: readonly Span[]): { span: Span; depth: number }[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    const parent = span.parentId !== undefined && known.has(span.parentId) ? span.parentId : '';
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows: { span: Span; depth: number }[] = [];
  const waiting = (children.get('') ?? []).map((span) => ({ span, depth: 0 })).reverse();
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    rows.push(row);
    const depth = row.depth + 1;
    waiting.push(...(children.get(row.span.spanId) ?? []).map((span) => ({ span, depth })).reverse());
  }
  return rows;
}

export const durationText = (ms: number): string =>
  ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
