import { refuseGguf } from './cursor.js';
import type { GgufFields } from './typed-fields.js';

/** The models whose files are read: GGUF's word for the architecture, but `llama` with experts, which is Mixtral. */
export type GgufKind = 'llama' | 'mixtral' | 'qwen2' | 'qwen3' | 'qwen3moe' | 'gemma2' | 'gemma3' | 'phi3' | 'gpt2';

/** What a config.json calls them. */
export const ggufClasses: Readonly<Record<GgufKind, { architecture: string; modelType: string }>> = {
  llama: { architecture: 'LlamaForCausalLM', modelType: 'llama' },
  mixtral: { architecture: 'MixtralForCausalLM', modelType: 'mixtral' },
  qwen2: { architecture: 'Qwen2ForCausalLM', modelType: 'qwen2' },
  qwen3: { architecture: 'Qwen3ForCausalLM', modelType: 'qwen3' },
  qwen3moe: { architecture: 'Qwen3MoeForCausalLM', modelType: 'qwen3_moe' },
  gemma2: { architecture: 'Gemma2ForCausalLM', modelType: 'gemma2' },
  gemma3: { architecture: 'Gemma3ForCausalLM', modelType: 'gemma3_text' },
  phi3: { architecture: 'Phi3ForCausalLM', modelType: 'phi3' },
  gpt2: { architecture: 'GPT2LMHeadModel', modelType: 'gpt2' },
};

/** The kind of a file, by its metadata. An architecture that is not read is refused by name. */
export function ggufKindOf(fields: GgufFields): GgufKind {
  const word = fields.text('general.architecture');
  if (word === 'llama' && (fields.id('llama.expert_count') ?? 0) > 0) return 'mixtral';
  if (word !== 'mixtral' && Object.hasOwn(ggufClasses, word)) return word as GgufKind;
  const problem = `the architecture ${JSON.stringify(word)} is not supported`;
  throw refuseGguf(fields.file, problem, `use a model of ${words.join(', ')}`);
}

/** GGUF's word for a kind. */
export const ggufWordOf = (kind: GgufKind): string => (kind === 'mixtral' ? 'llama' : kind);

const words: readonly string[] = [...new Set((Object.keys(ggufClasses) as GgufKind[]).map(ggufWordOf))];

/** The kind of file that holds a model of a config.json's architecture, for writing. */
export function ggufKindOfArchitecture(architecture: string): GgufKind | undefined {
  if (architecture === 'MistralForCausalLM') return 'llama';
  return (Object.keys(ggufClasses) as GgufKind[]).find((kind) => ggufClasses[kind].architecture === architecture);
}
