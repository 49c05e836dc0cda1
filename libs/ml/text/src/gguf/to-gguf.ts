import { refusal, type GgufField } from '@hone/base';
import { parseJsonObject, tokenText, type TokenizerFiles } from '../tokenizer-files.js';
import { nameOfPreTokenizer, gpt2Pattern } from './pre-tokenizers.js';
import { tokenTypes } from './token-list.js';

type Fields = Record<string, unknown>;

const unsupported = (what: string) =>
  refusal(
    'export_unsupported',
    `[export] expected a tokenizer that GGUF can hold but ${what}; fix: export safetensors`,
    { param: 'format' },
  );

/**
 * The metadata that tokenizer.json and tokenizer_config.json stand for in a GGUF file of `vocabSize` ids. Refuses by name a
 * tokenizer whose ids llama.cpp would give differently.
 */
export function ggufFieldsOfTokenizer(files: TokenizerFiles, vocabSize: number): Map<string, GgufField> {
  const tokenizer = parseJsonObject(files.tokenizer, 'tokenizer.json');
  const config = parseJsonObject(files.config ?? '{}', 'tokenizer_config.json');
  const model = record(tokenizer['model']);
  if (model['type'] !== 'BPE') throw unsupported(`its model is ${JSON.stringify(model['type'])} and not BPE`);
  const merges = mergesOf(model);
  const vocab = Object.entries(record(model['vocab'])) as [string, number][];
  const isPieces = model['byte_fallback'] === true;
  const list = new TokenTable(vocabSize, vocab, (tokenizer['added_tokens'] ?? []) as AddedToken[], isPieces);
  const fields = new Map<string, GgufField>();
  fields.set('tokenizer.ggml.model', { type: 'string', value: isPieces ? 'llama' : 'gpt2' });
  fields.set('tokenizer.ggml.pre', { type: 'string', value: isPieces ? 'default' : preOf(tokenizer, model) });
  fields.set('tokenizer.ggml.tokens', { type: 'strings', value: list.tokens });
  if (isPieces) fields.set('tokenizer.ggml.scores', { type: 'float32s', value: scoresOf(list, merges) });
  fields.set('tokenizer.ggml.token_type', { type: 'int32s', value: list.types });
  if (!isPieces) fields.set('tokenizer.ggml.merges', { type: 'strings', value: merges.map((pair) => pair.join(' ')) });
  if (isPieces) fields.set('tokenizer.ggml.add_space_prefix', { type: 'bool', value: isPrefixed(tokenizer) });
  addSpecials(fields, list, config, tokenizer);
  const template = files.chatTemplate ?? config['chat_template'];
  if (typeof template === 'string') fields.set('tokenizer.chat_template', { type: 'string', value: template });
  return fields;
}

const record = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

interface AddedToken {
  id: number;
  content: string;
  special: boolean;
}

/** Every id below the size of the embedding has a text and a type; ids that no text stands for are unused. */
class TokenTable {
  readonly tokens: string[];
  readonly types: number[];
  readonly #ids: ReadonlyMap<string, number>;

  constructor(size: number, vocab: readonly [string, number][], added: readonly AddedToken[], isPieces: boolean) {
    this.tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
    this.types = new Array<number>(size).fill(tokenTypes.unused);
    const set = (id: number, token: string, type: number): void => {
      if (id >= size) throw unsupported(`its token ${id} lies beyond the ${size} rows of the embedding`);
      this.tokens[id] = token;
      this.types[id] = type;
    };
    const isByte = (token: string): boolean => isPieces && /^<0x[0-9A-F]{2}>$/.test(token);
    for (const [token, id] of vocab) set(id, token, isByte(token) ? tokenTypes.byte : tokenTypes.normal);
    for (const { id, content, special } of added) {
      set(id, content, special ? tokenTypes.control : tokenTypes.userDefined);
    }
    this.#ids = new Map(this.tokens.map((token, id) => [token, id]));
  }

  idOf(token: unknown): number | undefined {
    const text = tokenText(token);
    return text === undefined ? undefined : this.#ids.get(text);
  }
}

function mergesOf(model: Fields): [string, string][] {
  const merges = Array.isArray(model['merges']) ? (model['merges'] as unknown[]) : [];
  return merges.map((merge) => {
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (Array.isArray(pair) && pair.length === 2 && pair.every((token) => typeof token === 'string')) {
      return pair as [string, string];
    }
    throw unsupported('one of its merges is no pair of tokens');
  });
}

/** SentencePiece merges by falling score: the earlier a piece can first be merged, the better its score. */
function scoresOf(list: TokenTable, merges: readonly [string, string][]): number[] {
  const scores = list.types.map((type) => (type === tokenTypes.normal ? -merges.length - 1 : 0));
  merges.forEach(([left, right], rank) => {
    const id = list.idOf(left + right);
    if (id !== undefined && scores[id] === -merges.length - 1) scores[id] = -rank;
  });
  return scores;
}

const isPrefixed = (tokenizer: Fields): boolean =>
  JSON.stringify(tokenizer['normalizer'] ?? null).includes('"Prepend"');

/** The name under which llama.cpp knows how this tokenizer cuts text. */
function preOf(tokenizer: Fields, model: Fields): string {
  const cutter = record(tokenizer['pre_tokenizer']);
  const steps = cutter['type'] === 'Sequence' ? (cutter['pretokenizers'] as Fields[]) : [cutter];
  const patterns = steps.flatMap((step) => {
    if (step['type'] === 'Split') return [String(record(step['pattern'])['Regex'])];
    if (step['type'] === 'Digits' && step['individual_digits'] === true) return ['\\p{N}'];
    if (step['type'] === 'ByteLevel' && step['add_prefix_space'] !== true) {
      return step['use_regex'] === false ? [] : [gpt2Pattern];
    }
    throw unsupported(`it cuts text with ${JSON.stringify(step['type'] ?? null)}`);
  });
  const name = nameOfPreTokenizer(patterns, model['ignore_merges'] === true);
  if (name !== undefined) return name;
  throw unsupported('it cuts text in a way that llama.cpp has no name for');
}

function addSpecials(fields: Map<string, GgufField>, list: TokenTable, config: Fields, tokenizer: Fields): void {
  const words = { bos: 'bos', eos: 'eos', unk: 'unknown', pad: 'padding' };
  const ids = Object.entries(words).map(([kind, word]) => [kind, word, list.idOf(config[`${kind}_token`])] as const);
  for (const [kind, word, id] of ids) {
    if (id === undefined) continue;
    fields.set(`tokenizer.ggml.${word}_token_id`, { type: 'uint32', value: id });
    if (kind === 'unk') (fields.get('tokenizer.ggml.token_type')?.value as number[])[id] = tokenTypes.unknown;
  }
  const around = JSON.stringify(record(tokenizer['post_processor'])['single'] ?? []);
  const isAround = (kind: 'bos' | 'eos'): boolean => {
    const token = tokenText(config[`${kind}_token`]);
    return token !== undefined && around.includes(JSON.stringify(token));
  };
  fields.set('tokenizer.ggml.add_bos_token', { type: 'bool', value: isAround('bos') });
  fields.set('tokenizer.ggml.add_eos_token', { type: 'bool', value: isAround('eos') });
}
