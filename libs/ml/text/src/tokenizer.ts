import { Tokenizer as Engine } from '@huggingface/tokenizers';
import { digestOf, digestOfBytes, refusal, type Digest } from '@hone/base';
import { backtracking } from './regex-safety.js';
import { StreamDecoder } from './stream-decoder.js';
import { parseJsonObject, readTokenizerFolder, tokenText, type TokenizerFiles } from './tokenizer-files.js';

export interface EncodeOptions {
  /** Adds what the model wants around a text (BOS for Llama); off by default because a rendered template already has it. */
  addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Leaves special tokens out of the text; on by default. */
  skipSpecialTokens?: boolean;
  /** English clean-up of spaces before punctuation, as old Hugging Face configs ask; off, so that decode(encode(x)) is x. */
  cleanUpSpaces?: boolean;
}

/** Text to token ids and back, with the ids that the model's own tokenizer gives. */
export class Tokenizer {
  /** Names the vocabulary: equal digests give equal ids for every text. */
  readonly digest: Digest;
  readonly vocabSize: number;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly padId: number | undefined;
  readonly unkId: number | undefined;
  /** Every id after which a text is over: the end token and what generation_config.json adds. */
  readonly stopIds: readonly number[];
  /** The longest input that the model was made for, where the folder says one. */
  readonly maxLength: number | undefined;
  readonly #engine: Engine;
  readonly #specialIds: ReadonlySet<number>;

  constructor(files: TokenizerFiles) {
    const tokenizer = parseJsonObject(files.tokenizer, 'tokenizer.json');
    const config = parseJsonObject(files.config ?? '{}', 'tokenizer_config.json');
    const generation = parseJsonObject(files.generation ?? '{}', 'generation_config.json');
    refuseSlowPatterns(tokenizer);
    this.#engine = makeEngine(tokenizer, config);
    this.digest = digestOf({ tokenizer: digestOfBytes(files.tokenizer), config, generation });
    const added = [...this.#engine.get_added_tokens_decoder().values()];
    this.vocabSize = Math.max(this.#engine.get_vocab().size, ...added.map(({ id }) => id + 1));
    this.bosId = this.#idOfSpecial(config['bos_token']);
    this.eosId = this.#idOfSpecial(config['eos_token']);
    this.padId = this.#idOfSpecial(config['pad_token']);
    this.unkId = this.#idOfSpecial(config['unk_token']);
    this.stopIds = stopIdsOf(this.eosId, generation['eos_token_id']);
    this.maxLength =
      typeof config['model_max_length'] === 'number' && config['model_max_length'] < 1e9
        ? config['model_max_length']
        : undefined;
    const named = [this.bosId, this.eosId, this.padId, this.unkId].filter((id) => id !== undefined);
    this.#specialIds = new Set([...added.filter(({ special }) => special).map(({ id }) => id), ...named]);
  }

  static async fromFolder(folder: string): Promise<Tokenizer> {
    return new Tokenizer(await readTokenizerFolder(folder));
  }

  encode(text: string, { addSpecialTokens = false }: EncodeOptions = {}): number[] {
    if (text === '' && !addSpecialTokens) return [];
    const { ids } = this.#engine.encode(text, { add_special_tokens: addSpecialTokens }) as {
      ids: (number | undefined)[];
    };
    if (ids.includes(undefined))
      throw refusal(
        'text_not_encodable',
        `[tokenizer] expected text that the vocabulary can spell but received ${JSON.stringify(text.slice(0, 40))}`,
      );
    const complete = ids as number[];
    // A text that spells the BOS itself must not get a second one (guide trap b).
    const isDoubled = this.bosId !== undefined && complete[0] === this.bosId && complete[1] === this.bosId;
    return isDoubled ? complete.slice(1) : complete;
  }

  decode(ids: ArrayLike<number>, { skipSpecialTokens = true, cleanUpSpaces = false }: DecodeOptions = {}): string {
    const kept: number[] = [];
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at] as number;
      if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize)
        throw refusal('token_out_of_range', `[tokenizer] expected ids below ${this.vocabSize} but received ${id}`);
      // Ids beyond the last piece pad an embedding matrix to a round size and have no text.
      if ((skipSpecialTokens && this.#specialIds.has(id)) || this.#engine.id_to_token(id) === undefined) continue;
      kept.push(id);
    }
    if (kept.length === 0) return '';
    return this.#engine.decode(kept, { skip_special_tokens: false, clean_up_tokenization_spaces: cleanUpSpaces });
  }

  /** A decoder for one token stream: give it ids one by one, it gives text as soon as that text is final. */
  stream(options: DecodeOptions = {}): StreamDecoder {
    return new StreamDecoder((ids) => this.decode(ids, options));
  }

  idOf(token: string): number | undefined {
    return this.#engine.token_to_id(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#engine.id_to_token(id);
  }

  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  #idOfSpecial(entry: unknown): number | undefined {
    const text = tokenText(entry);
    return text === undefined ? undefined : this.idOf(text);
  }
}

/** The parts of a tokenizer.json that work on a text's characters; a vocabulary has no patterns. */
const partsWithPatterns = ['normalizer', 'pre_tokenizer', 'post_processor', 'decoder'];

function refuseSlowPatterns(tokenizer: Record<string, unknown>): void {
  const look = (value: unknown, place: string): void => {
    if (value === null || typeof value !== 'object') return;
    const pattern = (value as { Regex?: unknown }).Regex;
    const problem = typeof pattern === 'string' ? backtracking(pattern) : undefined;
    if (problem !== undefined) {
      const shown = JSON.stringify(String(pattern).slice(0, 200));
      const message = `[tokenizer] expected a pattern that ends soon on every text for ${place} of tokenizer.json but received ${shown}: ${problem}; fix: write it without repetitions inside repetitions`;
      throw refusal('tokenizer_pattern_refused', message, { param: place });
    }
    for (const [name, inner] of Object.entries(value)) look(inner, `${place}.${name}`);
  };
  for (const part of partsWithPatterns) look(tokenizer[part], part);
}

function makeEngine(tokenizer: Record<string, unknown>, config: Record<string, unknown>): Engine {
  // Old exports leave out the parts that they do not use.
  const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
  try {
    return new Engine({ ...parts, ...tokenizer }, config);
  } catch (cause) {
    throw refusal(
      'tokenizer_invalid',
      `[tokenizer] expected a Hugging Face tokenizer.json but ${(cause as Error).message}; fix: export the model with its fast tokenizer`,
      { cause },
    );
  }
}

function stopIdsOf(eosId: number | undefined, generationEos: unknown): number[] {
  const listed = Array.isArray(generationEos) ? generationEos : [generationEos];
  const ids = [eosId, ...listed].filter((id): id is number => Number.isInteger(id));
  return [...new Set(ids)];
}
