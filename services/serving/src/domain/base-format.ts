/** How the frozen base is held in memory; int4 holds a GPTQ or AWQ checkpoint as it is stored, and no other. */
export const baseFormats = ['f32', 'bf16', 'nf4', 'int8', 'int4'] as const;

export type BaseFormat = (typeof baseFormats)[number];

/** How the head of a base that is asked for by itself is held; auto follows the base. */
export const headFormats = ['auto', 'int8'] as const;

export type HeadFormat = (typeof headFormats)[number];

export type FormatSetting = 'auto' | BaseFormat;

/** Below this, a base in f32 takes less than 200 MB and quantising it saves nothing worth having. */
export const plainParametersMax = 50_000_000;

/**
 * A base asked for by itself: f32 when it is small, which every stored format can be restored to; otherwise as its files hold it
 * (`stored`), because rounding codes to other codes would add a second error to the first; NF4 where they hold it plain.
 */
export function formatOfBase(
  setting: FormatSetting,
  parameters: number,
  stored: () => BaseFormat | undefined,
): BaseFormat {
  if (setting !== 'auto') return setting;
  return parameters < plainParametersMax ? 'f32' : (stored() ?? 'nf4');
}

const byMethod: Record<string, BaseFormat> = { qlora: 'nf4', lora: 'f32', full: 'f32' };

/**
 * An adapter is served over the base as its trainer held it: the adapter has learnt to correct exactly those rounding errors, and
 * the trainer's log-probabilities are matched only over the same weights.
 */
export function formatOfAdapter(
  hyperparameters: Readonly<Record<string, unknown>>,
  setting: FormatSetting,
  parameters: number,
  stored: () => BaseFormat | undefined,
): BaseFormat {
  const named = baseFormats.find((format) => format === hyperparameters['base_format']);
  if (named) return named;
  const method = hyperparameters['method'];
  return (typeof method === 'string' ? byMethod[method] : undefined) ?? formatOfBase(setting, parameters, stored);
}
