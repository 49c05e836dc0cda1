import { HoneError, refusal } from '@hone/base';
import { ChatTemplate, endsWorker, TemplateSandbox } from '@hone/text';
import type { GenerationInput, RenderedInput, RenderedItem, ScoreItem } from '../generation.js';
import type { BasePlace, TemplateSource } from './protocol.js';

/** A rendering shares the machine with the engine's threads; an honest one takes a few milliseconds. */
const renderMsMax = 1000;

/** Bases whose template is kept; a template is at most 256 KiB. */
const templatesMax = 64;

/**
 * Conversations as texts. Templates come with models that anybody may import, so they run in processes of their own and never in a
 * thread of the service. Two of them: a template that once had to be stopped goes to the second, where it delays only its like.
 */
export class PromptTexts {
  readonly #sandbox = new TemplateSandbox({ renderMsMax });
  readonly #suspects = new TemplateSandbox({ renderMsMax });
  readonly #stopped = new Set<string>();
  readonly #templates = new Map<string, Promise<ChatTemplate | undefined>>();
  readonly #fetch: (base: BasePlace) => Promise<TemplateSource | undefined>;

  /** `fetch` asks the engine thread, which knows the files of a base. */
  constructor(fetch: (base: BasePlace) => Promise<TemplateSource | undefined>) {
    this.#fetch = fetch;
  }

  async prompt(base: BasePlace, input: GenerationInput): Promise<RenderedInput> {
    if (input.kind === 'text') return input;
    const text = await this.#within(base, (sandbox, template) =>
      sandbox.render(template, input.messages, { addGenerationPrompt: true }),
    );
    return { kind: 'rendered', text };
  }

  async answers(base: BasePlace, items: readonly ScoreItem[]): Promise<RenderedItem[]> {
    const rendered: RenderedItem[] = [];
    for (const { messages, answer } of items) {
      const asked = messages.map((message) => ({ ...message, weight: 0 }));
      const conversation = [...asked, { role: 'assistant', content: answer }];
      const texts = await this.#within(base, (sandbox, template) => sandbox.textsForTraining(template, conversation));
      rendered.push({ texts });
    }
    return rendered;
  }

  async close(): Promise<void> {
    await Promise.all([this.#sandbox.close(), this.#suspects.close()]);
  }

  async #within<T>(
    base: BasePlace,
    render: (sandbox: TemplateSandbox, template: ChatTemplate) => Promise<T>,
  ): Promise<T> {
    const template = await this.#template(base);
    if (!template) throw noTemplate();
    try {
      return await render(this.#stopped.has(template.digest) ? this.#suspects : this.#sandbox, template);
    } catch (thrown) {
      if (thrown instanceof HoneError && endsWorker(thrown)) this.#stopped.add(template.digest);
      throw thrown;
    }
  }

  #template(base: BasePlace): Promise<ChatTemplate | undefined> {
    const known = this.#templates.get(base.key);
    if (known) return known;
    const fetched = this.#fetch(base).then(
      (found) => found && new ChatTemplate(found.source, { ...found.specialTokens }),
    );
    this.#templates.set(base.key, fetched);
    // What fails is asked again by the next who needs it.
    fetched.catch(() => this.#templates.delete(base.key));
    for (const oldest of [...this.#templates.keys()].slice(0, -templatesMax)) this.#templates.delete(oldest);
    return fetched;
  }
}

const noTemplate = (): Error =>
  refusal(
    'no_chat_template',
    '[serving] expected a model with a chat template but this one has none; fix: use the completions API, or add chat_template to its tokenizer_config.json',
    { param: 'model' },
  );
