// include/hone/ops.h (the op numbers of the C ABI) and src/core/ops-args.h (what a kernel receives).
import { createHash } from 'node:crypto';
import { cxxName, pascal } from './read-ops.mjs';

const BANNER = '// Generated from native/ops.json by tools/gen-ops.mjs; do not edit.\n';

export function renderOps(ops) {
  const lines = ops.map((op) => `  HONE_OP_${op.fn.toUpperCase()} = ${op.index},`);
  return `${BANNER}#pragma once

// The op numbers that hone_invoke takes.
enum hone_op {
${lines.join('\n')}
  HONE_OP_COUNT = ${ops.length},
};
`;
}

function renderStruct(op) {
  const fields = op.args.map((arg) => {
    if (arg.attribute) return `  ${arg.cxxType} ${cxxName(arg.name)};`;
    const shape =
      arg.rule === 'dims' ? `[${arg.dims.map(dimText).join(',')}]` : arg.rule === 'any' ? '[*]' : `[like ${arg.like}]`;
    const note = `${arg.io} ${arg.dtypes.join('|')} ${shape}${arg.optional ? ', may be absent' : ''}`;
    return `  View ${cxxName(arg.name)};  // ${note}`;
  });
  return `// ${op.formula}
struct ${op.struct} {
${fields.join('\n')}
};
`;
}

/** 30 bits, so that a small number can be added to it. */
function tableDigest(ops) {
  const text = JSON.stringify(ops.map(({ name, args }) => [name, args]));
  return createHash('sha256').update(text).digest().readUInt32LE() >>> 2;
}

/** The place of every index argument, by which a GPU kernel reports a value that is out of bounds. */
function renderIndexPlaces(op) {
  return op.args.flatMap((arg, place) =>
    arg.check ? [`inline constexpr int k${pascal(op.name)}${pascal(arg.name)} = ${place};`] : [],
  );
}

function dimText(dim) {
  if (dim.symbol === null) return String(dim.plus);
  return dim.plus ? `${dim.symbol}+${dim.plus}` : dim.symbol;
}

export function renderArgs(ops) {
  return `${BANNER}#pragma once
#include <cstdint>

#include "hone/status.h"
#include "hone/view.h"

namespace hone {

struct Context;

enum class Op : int {
${ops.map((op) => `  k${pascal(op.name)} = ${op.index},`).join('\n')}
};

inline constexpr int kOpCount = ${ops.length};

// Of the names and arguments of all ops in their order: two libraries of one process must have the same.
inline constexpr int kOpTableDigest = ${tableDigest(ops)};

${ops.map(renderStruct).join('\n')}
// Places of index arguments.
${ops.flatMap(renderIndexPlaces).join('\n')}

// Every kernel of an op has this signature, in namespace hone::reference or hone::<isa>:
${ops.map((op) => `//   Status ${op.fn}(Context&, const ${op.struct}&);`).join('\n')}

}  // namespace hone
`;
}
