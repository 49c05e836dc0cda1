// native/tests/op-cases.cc: the case list of native/tests/cases/*.json as a table that the op harness walks.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const BANNER = '// Generated from native/tests/cases/*.json by tools/gen-ops.mjs; do not edit.\n';

export function readCases(directory, ops) {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort();
  const cases = files.flatMap((name) =>
    JSON.parse(readFileSync(join(directory, name), 'utf8')).map((one) => ({ file: name, ...one })),
  );
  for (const one of cases) {
    if (!ops.some((op) => op.name === one.op)) throw new Error(`[gen-ops] ${one.file}: unknown op "${one.op}"`);
  }
  return cases;
}

function argIndex(op, one, name) {
  const index = op.args.findIndex((arg) => arg.name === name);
  if (index < 0) throw new Error(`[gen-ops] ${one.file}: ${op.name} has no argument "${name}"`);
  return index;
}

function renderArg(op, one, name) {
  const index = argIndex(op, one, name);
  const fill = one.fill?.[name] ?? {};
  const kind = fill.values ? 'values' : (fill.kind ?? 'normal');
  const dtype = one.dtypes?.[name];
  const absent = Boolean(one.absent?.includes(name));
  const values = fill.values ?? [];
  if (values.length > 16) throw new Error(`[gen-ops] ${one.file}: expected at most 16 values for ${name}`);
  return (
    `{${index}, ${absent}, ${dtype !== undefined}, DType::${(dtype ?? 'f32').replace('-', '_')}, Fill::${kind}, ` +
    `${fill.scale ?? 1}, ${values.length}, {${values.join(', ')}}}`
  );
}

function caseName(one) {
  const parts = [
    ...Object.entries(one.dims).map(([symbol, value]) => `${symbol}=${value}`),
    ...Object.entries(one.attrs ?? {}).map(([name, value]) => `${name}=${value}`),
    ...Object.entries(one.dtypes ?? {}).map(([name, dtype]) => `${name}:${dtype}`),
    ...(one.absent ?? []).map((name) => `-${name}`),
  ];
  return parts.join(' ');
}

function renderCase(one, ops) {
  const op = ops.find((other) => other.name === one.op);
  const dims = Object.entries(one.dims).map(([symbol, value]) => `{"${symbol}", ${value}}`);
  const attributes = Object.entries(one.attrs ?? {}).map(
    ([name, value]) => `{${argIndex(op, one, name)}, ${Number(value)}}`,
  );
  const named = new Set([...Object.keys(one.fill ?? {}), ...Object.keys(one.dtypes ?? {}), ...(one.absent ?? [])]);
  const args = [...named].map((name) => renderArg(op, one, name));
  return (
    `    {${op.index}, "${caseName(one)}",\n     ${dims.length}, {${dims.join(', ')}},\n` +
    `     ${attributes.length}, {${attributes.join(', ')}},\n     ${args.length}, {${args.join(',\n      ')}}},`
  );
}

export function renderCases(cases, ops) {
  return `${BANNER}#include "harness/case-spec.h"

namespace hone::test {

const OpCase kOpCases[] = {
${cases.map((one) => renderCase(one, ops)).join('\n')}
};

const int kOpCaseCount = ${cases.length};

}  // namespace hone::test
`;
}
