// src/core/ops-specs.cc (what the argument checks read) and src/core/ops-dispatch.cc (kernels per op and level).

const BANNER = '// Generated from native/ops.json by tools/gen-ops.mjs; do not edit.\n';
const LEVELS = ['reference', 'avx2', 'avx512', 'avx512bf16', 'amx'];

const mask = (dtypes) => dtypes.map((dtype) => `bit(DType::${dtype})`).join(' | ');

function renderBound(op, bound = []) {
  const numbers = bound.map((symbol) => op.symbols.indexOf(symbol));
  if (numbers.some((number) => number < 0)) throw new Error(`[gen-ops] ${op.name}: unknown bound ${bound.join('*')}`);
  return `{${[...numbers, -1, -1].slice(0, 2).join(', ')}}`;
}

function renderArgSpec(op, arg) {
  if (arg.attribute) {
    const kind = arg.isAny ? 'any' : arg.attribute;
    return `    attribute("${arg.name}", Attribute::k${kind}, ${arg.least}, ${arg.most}, "${arg.bounds}"),`;
  }
  const like = arg.rule === 'like' ? op.args.findIndex((other) => other.name === arg.like) : -1;
  if (arg.rule === 'like' && like < 0)
    throw new Error(`[gen-ops] ${op.name}: ${arg.name} is like the unknown ${arg.like}`);
  const dims = (arg.dims ?? []).map(
    (dim) => `{${dim.symbol === null ? -1 : op.symbols.indexOf(dim.symbol)}, ${dim.plus}}`,
  );
  const check = arg.check ? `Check::k${arg.check}` : 'Check::knone';
  return (
    `    tensor("${arg.name}", Io::k${arg.io}, Role::k${arg.role ?? 'plain'}, ${Boolean(arg.optional)}, ${mask(arg.dtypes)}, Shape::k${arg.rule}, ${like}, ` +
    `${dims.length}, {${dims.join(', ')}}, ${check}, ${renderBound(op, arg.bound)}),`
  );
}

// "H % KV == 0" style rules become C++ over the bound symbols; "same dtype a b" compares two views.
function renderRequire(op) {
  const tests = op.require.map((rule) => {
    const same = /^same dtype (\w+) (\w+)$/.exec(rule);
    if (same) {
      const [a, b] = [same[1], same[2]].map((name) => op.args.findIndex((arg) => arg.name === name));
      return `  if (values[${a}].view.dtype != values[${b}].view.dtype) return "${rule}";`;
    }
    const code = rule.replace(/[A-Za-z]\w*/g, (symbol) => {
      const index = op.symbols.indexOf(symbol);
      if (index < 0) throw new Error(`[gen-ops] ${op.name}: unknown symbol ${symbol} in "${rule}"`);
      return `symbols[${index}]`;
    });
    const divisor = /% (\w+)/.exec(rule);
    const guard = divisor ? `symbols[${op.symbols.indexOf(divisor[1])}] == 0 || ` : '';
    return `  if (${guard}!(${code})) return "${rule}";`;
  });
  return `const char* require_${op.fn}(const ArgValue* values, const std::int64_t* symbols) {
  static_cast<void>(values);
  static_cast<void>(symbols);
${tests.join('\n')}
  return nullptr;
}
`;
}

export function renderSpecs(ops) {
  const arrays = ops.map(
    (op) => `constexpr ArgSpec k_${op.fn}[] = {\n${op.args.map((arg) => renderArgSpec(op, arg)).join('\n')}\n};`,
  );
  const requires = ops.filter((op) => op.require.length > 0).map(renderRequire);
  const specs = ops.map((op) => {
    const symbols = op.symbols.map((symbol) => `"${symbol}"`).join(', ');
    const require = op.require.length > 0 ? `require_${op.fn}` : 'nullptr';
    const tolerances = LEVELS.map((level) => op.tolerance[level] ?? op.tolerance.default).join(', ');
    const card = op.tolerance.card ?? (op.tolerance.default === 0 ? 0 : 1e-2);
    const cardTolerances = `{${card}, ${op.tolerance.cardWide ?? Math.min(card, 1e-3)}}`;
    const backwardOf = op.backwardOf ? ops.findIndex((other) => other.name === op.backwardOf) : -1;
    return (
      `    {"${op.name}", k_${op.fn}, ${op.args.length}, {${symbols}}, ${op.symbols.length}, ${require}, ` +
      `{${tolerances}}, ${op.tolerance.rounded ?? 0}, ${cardTolerances}, ${backwardOf}, ${Boolean(op.differentiable)}},`
    );
  });
  return `${BANNER}#include "core/op-spec.h"

namespace hone {
namespace {

${arrays.join('\n\n')}

${requires.join('\n')}
constexpr OpSpec kSpecs[kOpCount] = {
${specs.join('\n')}
};

}  // namespace

const OpSpec& op_spec(int op) { return kSpecs[op]; }

}  // namespace hone
`;
}

function renderThunk(op, context) {
  const fields = op.args.map((arg, index) => {
    if (!arg.attribute) return `      values[${index}].view,`;
    if (arg.attribute === 'bool') return `      values[${index}].number != 0,`;
    return `      static_cast<${arg.cxxType}>(values[${index}].number),`;
  });
  return `Status call_${op.fn}(AnyKernel kernel, ${context}& context, const ArgValue* values) {
  const ${op.struct} args = {
${fields.join('\n')}
  };
  return reinterpret_cast<Status (*)(${context}&, const ${op.struct}&)>(kernel)(context, args);
}
`;
}

export function renderDispatch(ops) {
  const declarations = LEVELS.map((level) => {
    const lines = ops.map((op) => `__attribute__((weak)) Status ${op.fn}(Context&, const ${op.struct}&);`);
    return `namespace ${level} {\n${lines.join('\n')}\n}  // namespace ${level}`;
  });
  const rows = ops.map((op) => {
    const cells = LEVELS.map((level) => `reinterpret_cast<AnyKernel>(${level}::${op.fn})`);
    return `    {call_${op.fn},\n     {${cells.join(',\n      ')}}},`;
  });
  return `${BANNER}#include "core/dispatch.h"

namespace hone {

// Weak, so that a level without its own kernel of an op is a null pointer and the next lower level serves.
${declarations.join('\n\n')}

namespace {

${ops.map((op) => renderThunk(op, 'Context')).join('\n')}
const DispatchRow kRows[kOpCount] = {
${rows.join('\n')}
};

}  // namespace

const DispatchRow& dispatch_row(int op) { return kRows[op]; }

}  // namespace hone
`;
}

/** src/cuda/dispatch.cc: the same table for the one level that a GPU has. */
export function renderCudaDispatch(ops) {
  const declarations = ops.map((op) => `__attribute__((weak)) Status ${op.fn}(Stream&, const ${op.struct}&);`);
  const rows = ops.map((op) => `    {call_${op.fn}, reinterpret_cast<AnyKernel>(${op.fn})},`);
  return `${BANNER}#include "cuda/dispatch.h"

namespace hone::cuda {

// Weak, so that an op without a kernel is a null pointer, and is refused by name.
${declarations.join('\n')}

namespace {

${ops.map((op) => renderThunk(op, 'Stream')).join('\n')}
const DispatchRow kRows[kOpCount] = {
${rows.join('\n')}
};

}  // namespace

const DispatchRow& dispatch_row(int op) { return kRows[op]; }

}  // namespace hone::cuda
`;
}
