import { green, red, table } from './talk.js';

export type Parts = Record<string, number>;

export interface TrainingPlan {
  limitBytes: number;
  rowTokens: number;
  effectiveBatch: number;
  batch: number;
  accumulationSteps: number;
  trainableParameters: number;
  totalParameters: number;
  asked: { parts: Parts; processBytes: number };
  planned: { parts: Parts; processBytes: number };
  remedies: string[];
}

export interface ServingPlan {
  format: string;
  limitBytes: number;
  fits: boolean;
  parts: Parts;
  processBytes: number;
}

export function trainingText(plan: TrainingPlan): string {
  const share = ((100 * plan.trainableParameters) / plan.totalParameters).toFixed(4);
  const isChanged = plan.remedies.length > 0;
  const columns: Record<string, Parts> = isChanged
    ? { asked: plan.asked.parts, planned: plan.planned.parts }
    : { planned: plan.planned.parts };
  const verdict = isChanged
    ? `fits in ${sizeOf(plan.limitBytes)} with ${plan.remedies.join(', ')}`
    : `fits in ${sizeOf(plan.limitBytes)} as it is`;
  return [
    `trainable params: ${grouped(plan.trainableParameters)} || all params: ${grouped(plan.totalParameters)} || trainable%: ${share}`,
    `effective batch: ${plan.effectiveBatch} = ${plan.batch} rows of at most ${plan.rowTokens} tokens x ${plan.accumulationSteps}${processes(plan)}`,
    partsTable(columns),
    green(verdict),
  ].join('\n');
}

export const servingText = ({ format, parts, limitBytes, fits }: ServingPlan): string =>
  [
    `the base is held as ${format}`,
    partsTable({ planned: parts }),
    fits
      ? green(`fits in ${sizeOf(limitBytes)}`)
      : red(`does not fit in ${sizeOf(limitBytes)}; fix: ${smaller(format)}`),
  ].join('\n');

/** What takes less: the pages of fewer or shorter sequences, then a base in 4 bits. */
const smaller = (format: string): string =>
  `fewer sequences (--serve), a shorter --length${['nf4', 'int4'].includes(format) ? '' : ', or --format nf4'}`;

const partNames: Record<string, string> = {
  weights: 'weights',
  gradients: 'gradients',
  optimizer: 'optimizer state',
  kvPages: 'keys and values',
  activations: 'activations',
  workspace: 'kernel workspace',
  gaps: 'between tensors',
};

export function partsTable(columns: Record<string, Parts>): string {
  const lists = Object.values(columns);
  const names = Object.keys(lists[0] ?? {});
  const rows = names.map((name) => [partNames[name] ?? name, ...lists.map((parts) => sizeOf(parts[name] ?? 0))]);
  const sums = lists.map((parts) => sizeOf(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)));
  return table(['memory', ...Object.keys(columns)], [...rows, ['in all', ...sums]]);
}

const grouped = (value: number): string => value.toLocaleString('en-US');

const sizeOf = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** The devices that share a step, where there are several. */
function processes({
  effectiveBatch,
  batch,
  accumulationSteps,
}: Pick<TrainingPlan, 'effectiveBatch' | 'batch' | 'accumulationSteps'>): string {
  const shares = effectiveBatch / (batch * accumulationSteps);
  return shares === 1 ? '' : ` x ${shares} processes`;
}
