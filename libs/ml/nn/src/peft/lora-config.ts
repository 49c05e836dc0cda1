import { refusal } from '@hone/base';

/** The part of a LoRA configuration that decides the arithmetic. */
export interface LoraConfig {
  readonly r: number;
  readonly loraAlpha: number;
  readonly loraDropout: number;
  /** Module name endings, a regular expression over whole paths (one string), or "all-linear". */
  readonly targetModules: readonly string[] | string;
  readonly excludeModules: readonly string[] | string | undefined;
  /** Only these layers; absent = all. */
  readonly layersToTransform: readonly number[] | undefined;
  readonly useRslora: boolean;
  /** Module name -> its own rank or alpha. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
}

export const defaultLora: LoraConfig = {
  r: 8,
  loraAlpha: 8,
  loraDropout: 0,
  targetModules: ['q_proj', 'v_proj'],
  excludeModules: undefined,
  layersToTransform: undefined,
  useRslora: false,
  rankPattern: {},
  alphaPattern: {},
};

/** Fills in PEFT's defaults and refuses what cannot be trained. */
export function loraConfig(options: Partial<LoraConfig> = {}): LoraConfig {
  const config = { ...defaultLora, ...options };
  const refuse = (param: string, expected: string, value: unknown) =>
    refusal('invalid_lora', `[lora] expected ${expected} for ${param} but received ${JSON.stringify(value)}`, {
      param,
    });
  for (const rank of [config.r, ...Object.values(config.rankPattern)]) {
    if (!Number.isSafeInteger(rank) || rank < 1) throw refuse('r', 'a whole number above zero', rank);
  }
  if (!(config.loraAlpha > 0)) throw refuse('lora_alpha', 'a number above zero', config.loraAlpha);
  if (!(config.loraDropout >= 0 && config.loraDropout < 1)) {
    throw refuse('lora_dropout', 'a number from 0 to below 1', config.loraDropout);
  }
  return config;
}

/** PEFT matches a pattern key against the end of the path, itself a regular expression: (.*\.)?(key)$ */
const patternValue = (patterns: Readonly<Record<string, number>>, path: string): number | undefined => {
  for (const [key, value] of Object.entries(patterns)) {
    if (path === key || path.endsWith(`.${key}`) || matches(`(.*\\.)?(${key})`, path)) return value;
  }
  return undefined;
};

/** Rank and scale of one module: alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA (Kalajdzievski, arXiv 2312.03732). */
export function rankAndScale(config: LoraConfig, path: string): { r: number; scale: number } {
  const r = patternValue(config.rankPattern, path) ?? config.r;
  const alpha = patternValue(config.alphaPattern, path) ?? config.loraAlpha;
  return { r, scale: alpha / (config.useRslora ? Math.sqrt(r) : r) };
}

function matches(pattern: string, path: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(path);
  } catch {
    const message = `[lora] expected module names or a regular expression but received ${JSON.stringify(pattern)}`;
    throw refusal('invalid_lora', message, { param: 'target_modules' });
  }
}

const isNamed = (names: readonly string[] | string, path: string): boolean =>
  typeof names === 'string' ? matches(names, path) : names.some((name) => path === name || path.endsWith(`.${name}`));

/** Which of the model's linear modules get an update, in the model's order; none at all is refused. */
export function targetPaths(config: LoraConfig, paths: readonly string[]): string[] {
  const { targetModules, excludeModules, layersToTransform } = config;
  const chosen = paths.filter((path) => {
    if (excludeModules !== undefined && isNamed(excludeModules, path)) return false;
    const layer = /\.(?:layers|h)\.(\d+)\./.exec(path)?.[1];
    if (layersToTransform && (layer === undefined || !layersToTransform.includes(Number(layer)))) return false;
    return targetModules === 'all-linear' || isNamed(targetModules, path);
  });
  if (chosen.length > 0) return chosen;
  const known = [...new Set(paths.map((path) => path.split('.').at(-1)))].join(', ');
  const message = `[lora] target_modules ${JSON.stringify(targetModules)} names no linear module; fix: choose from ${known}`;
  throw refusal('no_target_modules', message, { param: 'target_modules' });
}
