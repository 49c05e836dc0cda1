import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtifactStore, materialize } from '@hone/artifacts';
import { type Digest, filesOfFullFineTune, modelFingerprint } from '@hone/base';
import { type AdapterManifest, adapterManifest, type BaseManifest, baseManifest } from '@hone/contracts';
import type { Weights } from '@hone/engine';
import { storedFormat } from '@hone/models';
import { traced } from '@hone/telemetry';
import {
  type BaseFormat,
  formatOfAdapter,
  formatOfBase,
  type FormatSetting,
  type HeadFormat,
} from '../domain/base-format.js';
import { type Resolution, wrongBase } from '../domain/resolve-model.js';

type Manifest = BaseManifest | AdapterManifest;

/**
 * Brings the files of models from the object store to this machine, each once however many ask, and says where they are and how
 * the base is to be held. Folders are named by the manifest's digest, so new content never meets an old folder.
 */
export class WeightFolders {
  readonly #store: ArtifactStore;
  readonly #folder: string;
  readonly #setting: FormatSetting;
  readonly #head: HeadFormat;
  readonly #fetched = new Map<string, Promise<unknown>>();

  constructor(store: ArtifactStore, folder: string, setting: FormatSetting, head: HeadFormat) {
    this.#store = store;
    this.#folder = folder;
    this.#setting = setting;
    this.#head = head;
  }

  async weights({ model, base }: Resolution): Promise<Weights> {
    const plain = await this.#baseManifest(base.manifest);
    // Recomputed from the files, so that an entry cannot claim a content that its manifest does not have.
    const content = modelFingerprint(plain.files);
    if (content !== base.fingerprint) throw wrongBase(base, { ...base, fingerprint: content });
    if (model.kind === 'base') return { base: await this.#base(base.manifest, plain, this.#head, formatOfBase) };
    const adapter = await this.#adapterManifest(model.manifest);
    if (adapter.base !== base.fingerprint) throw wrongBase({ ...model, fingerprint: adapter.base }, base);
    if (adapter.rank === 0) return { base: await this.#fullModel(model.manifest, adapter, plain) };
    const [place, folder] = await Promise.all([
      this.#base(base.manifest, plain, 'auto', (...base) => formatOfAdapter(adapter.hyperparameters, ...base)),
      this.#files(model.manifest, adapter.files, 'adapter'),
    ]);
    return { base: place, adapter: { key: model.manifest, folder } };
  }

  /** Fetches the files of a base for one look at them: a model that nobody has asked for yet takes no place here. */
  async glance(digest: Digest, look: (folder: string) => Promise<void>): Promise<void> {
    const { files } = await this.#store.getManifest(digest, baseManifest);
    const folder = join(this.#folder, `check-${randomUUID()}`);
    try {
      await materialize(this.#store, files, folder);
      await look(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #base(digest: Digest, { files, parameters }: BaseManifest, head: HeadFormat, formatOf: typeof formatOfBase) {
    const folder = await this.#files(digest, files, 'base');
    const format = formatOf(this.#setting, parameters, () => storedFormat(folder));
    return { key: keyOf(digest, format, head), folder, format, headFormat: head };
  }

  async #fullModel(digest: Digest, { files }: AdapterManifest, base: BaseManifest) {
    const folder = await this.#files(digest, filesOfFullFineTune(base.files, files), 'full');
    const format = formatOfBase(this.#setting, base.parameters, () => storedFormat(folder));
    return { key: keyOf(digest, format, this.#head), folder, format, headFormat: this.#head };
  }

  #baseManifest(digest: Digest): Promise<BaseManifest> {
    return this.#once(`manifest ${digest}`, () => this.#store.getManifest(digest, baseManifest));
  }

  #adapterManifest(digest: Digest): Promise<AdapterManifest> {
    return this.#once(`manifest ${digest}`, () => this.#store.getManifest(digest, adapterManifest));
  }

  #files(digest: Digest, files: Manifest['files'], kind: string): Promise<string> {
    const folder = join(this.#folder, digest.slice('sha256:'.length, 'sha256:'.length + 32));
    return this.#once(`folder ${digest}`, () =>
      traced('hone.serving.fetch', { 'hone.artifact.digest': digest, 'hone.artifact.kind': kind }, async () => {
        await materialize(this.#store, files, folder);
        return folder;
      }),
    );
  }

  /** What fails is tried again by the next who asks. */
  #once<T>(key: string, fetch: () => Promise<T>): Promise<T> {
    const known = this.#fetched.get(key) as Promise<T> | undefined;
    if (known) return known;
    const fetching = fetch();
    this.#fetched.set(key, fetching);
    fetching.catch(() => this.#fetched.delete(key));
    return fetching;
  }
}

const keyOf = (digest: Digest, format: BaseFormat, headFormat: HeadFormat): string =>
  headFormat === 'auto' ? `${digest}/${format}` : `${digest}/${format}/${headFormat} head`;
