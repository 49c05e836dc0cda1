import { fault } from '@hone/base';
import { loadModel } from '@hone/models';
import { ChatTemplate, readTokenizerFolder, Tokenizer } from '@hone/text';
import { TextEngine } from '../text-engine.js';
import type {
  AdapterPlace,
  BasePlace,
  EngineThreadOptions,
  ResidentLoad,
  ResidentStats,
  TemplateSource,
} from './protocol.js';

interface Resident {
  place: BasePlace;
  engine: TextEngine;
  template: TemplateSource | undefined;
}

/** The models in memory. Loading one that is absent may send the least recently used idle one away. */
export class ResidentBases {
  readonly #options: EngineThreadOptions;
  /** In the order of last use. */
  readonly #residents = new Map<string, Resident>();

  readonly #loading: (isLoading: boolean) => void;

  /** `loading` is told before and after a base is loaded: the thread hears nothing in between. */
  constructor(options: EngineThreadOptions, loading: (isLoading: boolean) => void) {
    this.#options = options;
    this.#loading = loading;
  }

  get busy(): TextEngine[] {
    return [...this.#residents.values()].filter(({ engine }) => !engine.isIdle).map(({ engine }) => engine);
  }

  /** The engine of a base, loaded when need be, with the adapter in one of its slots. */
  async engine(place: BasePlace, adapter: AdapterPlace | undefined): Promise<TextEngine> {
    const { engine } = await this.#resident(place);
    if (adapter) engine.adapters.load(adapter.key, adapter.folder);
    return engine;
  }

  /** The chat template of a base, for those who render it elsewhere. */
  async template(place: BasePlace): Promise<TemplateSource | undefined> {
    return (await this.#resident(place)).template;
  }

  abort(id: string): void {
    for (const { engine } of this.#residents.values()) engine.abort(id);
  }

  get stats(): ResidentStats[] {
    return [...this.#residents.values()].map(({ place, engine }) => ({
      base: place.key,
      format: place.format,
      kvBytes: engine.engine.kvBytes,
      ...engine.stats,
    }));
  }

  get load(): ResidentLoad[] {
    return [...this.#residents.values()].map(({ place, engine }) => {
      const { running, waiting, blocks, blocksUsed, preemptions } = engine.engine.stats;
      return { base: place.key, running, waiting, blocks, blocksUsed, preemptions };
    });
  }

  free(): void {
    for (const { engine } of this.#residents.values()) engine.free();
    this.#residents.clear();
  }

  async #resident(place: BasePlace): Promise<Resident> {
    const resident = this.#residents.get(place.key) ?? (await this.#loadAloud(place));
    this.#residents.delete(place.key);
    this.#residents.set(place.key, resident);
    return resident;
  }

  async #loadAloud(place: BasePlace): Promise<Resident> {
    this.#loading(true);
    try {
      return await this.#load(place);
    } finally {
      this.#loading(false);
    }
  }

  async #load(place: BasePlace): Promise<Resident> {
    this.#makeRoom();
    const { folder, format, headFormat } = place;
    const files = await readTokenizerFolder(folder);
    const tokenizer = new Tokenizer(files);
    const found = ChatTemplate.fromFiles(files);
    const template = found && { source: found.source, specialTokens: found.specialTokens };
    const model = loadModel(folder, { format, headFormat });
    try {
      return { place, template, engine: new TextEngine({ model, tokenizer }, this.#options) };
    } catch (thrown) {
      model.free();
      throw thrown;
    }
  }

  #makeRoom(): void {
    const basesMax = this.#options.basesMax ?? 3;
    if (this.#residents.size < basesMax) return;
    const idle = [...this.#residents.values()].find(({ engine }) => engine.isIdle);
    if (!idle) {
      const message = `[serving] expected room for another base but all ${basesMax} in memory are answering`;
      throw fault('bases_full', `${message}; fix: ask again later, or raise HONE_SERVING_BASES_MAX`, {
        status: 429,
        retryAfterSeconds: 5,
      });
    }
    idle.engine.free();
    this.#residents.delete(idle.place.key);
  }
}
