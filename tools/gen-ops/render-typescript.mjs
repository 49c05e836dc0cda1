// libs/ml/native/src/ops.generated.ts: one typed function per op, and the table that the tape and the tests read.

const BANNER = '// Generated from native/ops.json by tools/gen-ops.mjs; do not edit.\n';

function renderParameter(arg) {
  if (arg.attribute === 'bool') return `${arg.name}: boolean`;
  if (arg.attribute) return `${arg.name}: number`;
  return `${arg.name === 'do' ? 'dOut' : arg.name}: ${arg.optional ? 'Handle | 0' : 'Handle'}`;
}

function renderArgument(arg) {
  if (arg.attribute === 'bool') return `${arg.name} ? 1 : 0`;
  return arg.name === 'do' ? 'dOut' : arg.name;
}

function renderFunction(op) {
  const one = `export function ${op.name}(${op.args.map(renderParameter).join(', ')}): void {`;
  const many = `export function ${op.name}(\n${op.args.map((arg) => `  ${renderParameter(arg)},`).join('\n')}\n): void {`;
  return `/** ${op.formula}. */
${one.length <= 120 ? one : many}
  ops().${op.name}(${op.args.map(renderArgument).join(', ')});
}
`;
}

function renderSpec(op) {
  const args = op.args.map((arg) =>
    arg.attribute
      ? `      { name: '${arg.name}', kind: '${arg.attribute}' },`
      : `      { name: '${arg.name}', kind: 'tensor', io: '${arg.io}', optional: ${Boolean(arg.optional)} },`,
  );
  const quoted = op.saved.map((name) => `'${name}'`).join(', ');
  return `  ${op.name}: {
    differentiable: ${op.differentiable ? `'${op.differentiable}'` : 'null'},
    backwardOf: ${op.backwardOf ? `'${op.backwardOf}'` : 'null'},
    saved: [${quoted}],
    tolerance: ${op.tolerance.default},
    args: [
${args.join('\n')}
    ],
  },`;
}

export function renderTypeScript(ops) {
  const differentiable = ops.filter((op) => op.differentiable).map((op) => `  | '${op.differentiable}'`);
  return `${BANNER}import { ops } from './addon.js';
import type { Handle } from './addon.js';

/** The ops by their names in native/ops.json, in the order of their numbers. */
export const opNames = [
${ops.map((op) => `  '${op.name}',`).join('\n')}
] as const;

export type OpName = (typeof opNames)[number];

/** The differentiable ops as the tape names them: a gradient table must have a rule for each. */
export type DifferentiableOp =
${differentiable.join('\n')};

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

${ops.map(renderFunction).join('\n')}
export const opSpecs: Readonly<Record<OpName, OpSpec>> = {
${ops.map(renderSpec).join('\n')}
};
`;
}
