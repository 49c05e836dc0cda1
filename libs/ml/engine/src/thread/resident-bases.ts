import { fault } from '@hone/base';
import { loadModel } from '@hone/models';
import { deviceOfNewTensors, memoryStats, openCard } from '@hone/tensor';
import { ChatTemplate, readTokenizerFolder, Tokenizer } from '@hone/text';
import { fitOnCard } from '../fit-on-card.js';
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

export interface ResidentNews {
  /** Before and after a base is loaded: the thread hears nothing in between. */
  loading(isLoading: boolean): void;
  /** A base whose steps cannot be captured, and why. */
  composed(base: string, why: string): void;
  /** A base whose sequences cannot have all positions of the model, and why. */
  shortened(base: string, lengthMax: number, why: string): void;
}

/** The models in memory. Loading one that is absent may send the least recently used idle one away. */
export class ResidentBases {
  readonly #options: EngineThreadOptions;
  /** In the order of last use. */
  readonly #residents = new Map<string, Resident>();

  readonly #told: ResidentNews;

  constructor(options: EngineThreadOptions, told: ResidentNews) {
    this.#options = options;
    this.#told = told;
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
      const { running, waiting, blocks, blocksUsed, blocksOfAdapters, preemptions } = engine.engine.stats;
      return { base: place.key, running, waiting, blocks, blocksUsed, blocksOfAdapters, preemptions };
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
    this.#told.loading(true);
    try {
      return await this.#load(place);
    } finally {
      this.#told.loading(false);
    }
  }

  async #load(place: BasePlace): Promise<Resident> {
    this.#makeRoom();
    const { folder, format, headFormat } = place;
    const files = await readTokenizerFolder(folder);
    const tokenizer = new Tokenizer(files);
    const found = ChatTemplate.fromFiles(files);
    const template = found && { source: found.source, specialTokens: found.specialTokens };
    const kvBytesMax = this.#kvBytesOnCard(place) ?? this.#options.kvBytesMax;
    const model = loadModel(folder, { format, headFormat });
    try {
      const composed = (why: string) => this.#told.composed(place.key, why);
      const options = { ...this.#options, composed, ...(kvBytesMax !== undefined && { kvBytesMax }) };
      const engine = new TextEngine({ model, tokenizer }, options);
      const { lengthMax, shortBecause } = engine.engine;
      if (shortBecause !== undefined) this.#told.shortened(place.key, lengthMax, shortBecause);
      return { place, template, engine };
    } catch (thrown) {
      model.free();
      throw thrown;
    }
  }

  /** Refuses a base that the GPU has no room for before a byte of it is read. Undefined where it is not served there. */
  #kvBytesOnCard({ folder, format, headFormat }: BasePlace): number | undefined {
    if (deviceOfNewTensors() !== 'cuda') return undefined;
    const budgetBytes = openCard().budgetBytes - memoryStats('cuda').liveBytes;
    const bases = this.#basesMax - this.#residents.size;
    return fitOnCard(folder, { format, headFormat }, this.#options, { budgetBytes, bases }).parts.kvPages;
  }

  get #basesMax(): number {
    return this.#options.basesMax ?? 3;
  }

  #makeRoom(): void {
    const basesMax = this.#basesMax;
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
