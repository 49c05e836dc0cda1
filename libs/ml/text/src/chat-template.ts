import { Template } from '@huggingface/jinja';
import { digestOfBytes, refusal, type Digest } from '@hone/base';
import { parseJsonObject, readTokenizerFolder, tokenText, type TokenizerFiles } from './tokenizer-files.js';
import { strftime } from './strftime.js';

/** One message as the OpenAI API spells it; fields beyond role and content (tool calls, names) go to the template as they are. */
export interface ChatMessage {
  role: string;
  content?: unknown;
  /** 0 keeps an assistant message out of the loss, as in OpenAI's fine-tuning format; 1 is the default. */
  weight?: number;
  [field: string]: unknown;
}

export interface RenderOptions {
  /** Ends the text where the assistant is to answer. */
  addGenerationPrompt?: boolean;
  tools?: readonly unknown[];
  /** What `strftime_now` shows; the clock's time when absent. */
  now?: Date;
  /** Further variables of the template (`enable_thinking`, `documents`). */
  variables?: Record<string, unknown>;
}

export const templateLimits = { sourceChars: 262_144, outputChars: 4 * 1024 * 1024 };

/** The engine's own `strftime_now` reads the machine's clock and cannot be replaced; templates get ours under this name. */
const clockName = 'hone_strftime_now';

/** The Jinja template that turns messages into the one text that the model was trained on. */
export class ChatTemplate {
  readonly source: string;
  /** The digest of the template text, kept with every adapter: another template is another model input. */
  readonly digest: Digest;
  /** Special tokens by the names under which templates know them (`bos_token`, `eos_token`). */
  readonly specialTokens: Readonly<Record<string, string>>;
  #parsed: Template | undefined;

  constructor(source: string, specialTokens: Record<string, string> = {}) {
    if (source.length > templateLimits.sourceChars)
      throw refusal(
        'template_too_long',
        `[chat-template] expected at most ${templateLimits.sourceChars} characters but received ${source.length}`,
      );
    this.source = source;
    this.digest = digestOfBytes(source);
    this.specialTokens = specialTokens;
  }

  /** The template of a model folder; undefined where the model has none. */
  static fromFiles(files: TokenizerFiles): ChatTemplate | undefined {
    const config = parseJsonObject(files.config ?? '{}', 'tokenizer_config.json');
    const source = files.chatTemplate ?? templateIn(config['chat_template']);
    if (source === undefined) return undefined;
    const names = ['bos_token', 'eos_token', 'pad_token', 'unk_token'];
    const named = names.map((name) => [name, tokenText(config[name])] as const);
    return new ChatTemplate(
      source,
      Object.fromEntries(named.filter((entry): entry is [string, string] => entry[1] !== undefined)),
    );
  }

  static async fromFolder(folder: string): Promise<ChatTemplate | undefined> {
    return ChatTemplate.fromFiles(await readTokenizerFolder(folder));
  }

  /**
   * The text of a conversation. Reading the template and running it both happen here, in this thread and without a time limit
   * (spaces alone take the parser seconds): only tests and the sandbox's own process call it; all else asks TemplateSandbox.
   */
  render(messages: readonly ChatMessage[], options: RenderOptions = {}): string {
    const template = this.parse();
    let text: string;
    try {
      text = template.render(templateContext(this.specialTokens, messages, options));
    } catch (cause) {
      throw refusal('template_refused', `[chat-template] ${(cause as Error).message}`, { param: 'messages', cause });
    }
    if (text.length > templateLimits.outputChars)
      throw refusal(
        'template_output_too_long',
        `[chat-template] expected at most ${templateLimits.outputChars} characters of output but received ${text.length}`,
      );
    return text;
  }

  /** Reads the template, once; a refusal where it is none. It takes this thread's time as `render` does. */
  parse(): Template {
    try {
      return (this.#parsed ??= new Template(this.source.replace(/\bstrftime_now\b/g, clockName)));
    } catch (cause) {
      throw refusal('template_invalid', `[chat-template] expected a Jinja template but ${(cause as Error).message}`, {
        cause,
      });
    }
  }
}

export function templateContext(
  specialTokens: Readonly<Record<string, string>>,
  messages: readonly ChatMessage[],
  { addGenerationPrompt = false, tools, now, variables = {} }: RenderOptions,
): Record<string, unknown> {
  // Absent tools and documents are none, not undefined: that is what templates were written against.
  return {
    documents: null,
    ...variables,
    ...specialTokens,
    messages,
    add_generation_prompt: addGenerationPrompt,
    tools: tools ?? null,
    [clockName]: (format: string) => strftime(now ?? new Date(), format),
  };
}

/** A model may have several named templates; `default` is the one for conversations. */
function templateIn(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry;
  if (!Array.isArray(entry)) return undefined;
  const named = entry as { name?: unknown; template?: unknown }[];
  const chosen = named.find(({ name }) => name === 'default') ?? named[0];
  return typeof chosen?.template === 'string' ? chosen.template : undefined;
}
