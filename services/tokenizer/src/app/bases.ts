import type { ArtifactStore } from '@hone/artifacts';
import { type Digest, refusal } from '@hone/base';
import { baseManifest, type BaseManifest, modelGet } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { ChatTemplate, type TemplateSandbox, Tokenizer, type TokenizerFiles } from '@hone/text';

/** A base model as far as text is concerned. */
export interface Base {
  name: string;
  fingerprint: Digest;
  contextLength: number;
  tokenizer: Tokenizer;
  template: ChatTemplate | undefined;
}

/** A vocabulary of a large model takes tens of MiB of memory; a mesh has few bases. */
const basesKeptMax = 3;

/** The vocabularies and templates of base models, by the digest of their manifest: equal digests are equal bytes. */
export class Bases {
  readonly #kept = new Map<Digest, Omit<Base, 'name'>>();

  constructor(
    private readonly mesh: Mesh,
    private readonly store: ArtifactStore,
    private readonly sandbox: TemplateSandbox,
  ) {}

  async load(name: string): Promise<Base> {
    const entry = await this.mesh.request(modelGet, { name });
    if (entry.kind !== 'base') {
      throw refusal(
        'not_a_base',
        `[${name}] expected a base model but received an adapter of ${entry.base}; fix: name its base`,
        {
          param: 'model',
        },
      );
    }
    const kept = this.#kept.get(entry.manifest) ?? (await this.#read(entry.manifest));
    this.#kept.delete(entry.manifest);
    this.#kept.set(entry.manifest, kept);
    for (const oldest of [...this.#kept.keys()].slice(0, -basesKeptMax)) this.#kept.delete(oldest);
    return { name: entry.name, ...kept };
  }

  async #read(digest: Digest): Promise<Omit<Base, 'name'>> {
    const manifest = await this.store.getManifest(digest, baseManifest);
    const files = await this.#files(manifest);
    const { fingerprint, contextLength } = manifest;
    const template = ChatTemplate.fromFiles(files);
    if (template) await this.sandbox.check(template);
    return { fingerprint, contextLength, tokenizer: new Tokenizer(files), template };
  }

  async #files({ files }: BaseManifest): Promise<TokenizerFiles> {
    const text = async (path: string): Promise<string | undefined> => {
      const file = files.find((one) => one.path === path);
      return file && new TextDecoder().decode(await this.store.get(file.digest));
    };
    const tokenizer = await text('tokenizer.json');
    if (tokenizer === undefined) {
      throw refusal(
        'tokenizer_missing',
        '[model] expected tokenizer.json among the files of the base but found none; fix: import a folder with its fast tokenizer',
      );
    }
    const [config, generation, chatTemplate] = await Promise.all(
      ['tokenizer_config.json', 'generation_config.json', 'chat_template.jinja'].map(text),
    );
    return {
      tokenizer,
      ...(config === undefined ? {} : { config }),
      ...(generation === undefined ? {} : { generation }),
      ...(chatTemplate === undefined ? {} : { chatTemplate }),
    };
  }
}
