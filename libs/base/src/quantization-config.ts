import { refusal } from './errors.js';

/** How a checkpoint in Hugging Face layout says that its linear weights are quantised. */
export type CheckpointQuantization =
  | { readonly method: 'bitsandbytes'; readonly bits: 4 | 8 }
  /** `zeroOffset`: the first checkpoint format of GPTQ stores each zero point less one. */
  | { readonly method: 'gptq'; readonly bits: 4 | 8; readonly groupSize: number; readonly zeroOffset: 0 | 1 }
  | { readonly method: 'awq'; readonly bits: 4; readonly groupSize: number };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads `quantization_config` of a config.json; undefined when there is none. Refuses by name every method and setting whose
 * weights would be restored wrongly.
 */
export function quantizationOf(config: Fields): CheckpointQuantization | undefined {
  const value = config['quantization_config'] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unsupported('', value, 'it is no object');
  const fields = value as Fields;
  const method =
    fields['quant_method'] ?? (fields['load_in_4bit'] || fields['load_in_8bit'] ? 'bitsandbytes' : undefined);
  if (method === 'bitsandbytes') return bitsandbytes(fields);
  if (method === 'gptq') return gptq(fields);
  if (method === 'awq') return awq(fields);
  throw unsupported('quant_method', method, 'only bitsandbytes, gptq and awq checkpoints are read');
}

function bitsandbytes(fields: Fields): CheckpointQuantization {
  const isFour = flag(fields, 'load_in_4bit');
  if (isFour === flag(fields, 'load_in_8bit')) {
    throw unsupported(
      'load_in_4bit',
      fields['load_in_4bit'],
      'exactly one of load_in_4bit and load_in_8bit must be true',
    );
  }
  return { method: 'bitsandbytes', bits: isFour ? 4 : 8 };
}

function gptq(fields: Fields): CheckpointQuantization {
  const bits = fields['bits'];
  if (bits !== 4 && bits !== 8) throw unsupported('bits', bits, 'GPTQ is read with 4 or 8 bits');
  const format = fields['checkpoint_format'] ?? 'gptq';
  if (format !== 'gptq' && format !== 'gptq_v2') {
    throw unsupported('checkpoint_format', format, 'only gptq and gptq_v2 are read');
  }
  return { method: 'gptq', bits, groupSize: groupSizeOf(fields, 'group_size'), zeroOffset: format === 'gptq' ? 1 : 0 };
}

function awq(fields: Fields): CheckpointQuantization {
  const bits = fields['bits'] ?? fields['w_bit'] ?? 4;
  if (bits !== 4) throw unsupported('bits', bits, 'AWQ is read with 4 bits');
  const version = String(fields['version'] ?? 'gemm').toLowerCase();
  if (version !== 'gemm') throw unsupported('version', version, 'only the gemm layout of AWQ is read');
  const key = fields['group_size'] === undefined ? 'q_group_size' : 'group_size';
  return { method: 'awq', bits, groupSize: groupSizeOf(fields, key) };
}

/** -1 = one group for a whole row. */
function groupSizeOf(fields: Fields, name: string): number {
  const size = fields[name] ?? 128;
  if (Number.isSafeInteger(size) && ((size as number) === -1 || (size as number) > 0)) return size as number;
  throw unsupported(name, size, 'a group size is -1 or a whole number above zero');
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw unsupported(name, value, 'it must be true or false');
}

function unsupported(name: string, value: unknown, reason: string): Error {
  const path = name === '' ? 'quantization_config' : `quantization_config.${name}`;
  const shown = JSON.stringify(value ?? null).slice(0, 80);
  const message = `[config] ${path} = ${shown} is not supported: ${reason}; fix: use another checkpoint of the model`;
  return refusal('unsupported_config', message, { param: path });
}
