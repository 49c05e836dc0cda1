import type { AdapterImage } from '@hone/nn';
import { activationDType, bytesOf, deviceLost, emptyPinned, hasPinnedMemory, type Tensor } from '@hone/tensor';

/** Some twelve adapters of rank 16 of an 8 B base: what is pinned is taken from everybody else on the host. */
const bytesMax = 2 ** 30;

/**
 * Adapters that were on a GPU, as their pages hold them, in pinned memory of the host: one that comes back is copied by the GPU alone, and
 * no file is read. The least recently used go where the bound is met.
 */
export class AdapterImages {
  /** By content, in the order of last use. */
  readonly #images = new Map<string, AdapterImage>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bound = bytesMax) {
    this.#bytesMax = hasPinnedMemory() ? bound : 0;
  }

  get(key: string): AdapterImage | undefined {
    const image = this.#images.get(key);
    if (!image) return undefined;
    this.#images.delete(key);
    this.#images.set(key, image);
    return image;
  }

  /** Memory for an image, which `keep` or its holder takes over; undefined where it is larger than the bound, or the host has none. */
  take(numbers: number): Tensor | undefined {
    const bytes = 2 * numbers;
    if (bytes > this.#bytesMax) return undefined;
    for (const [key, image] of this.#images) {
      if (this.#bytes + bytes <= this.#bytesMax) break;
      this.#drop(key, image);
    }
    try {
      return emptyPinned([numbers], activationDType());
    } catch (thrown) {
      // The adapter is then read from its file again.
      if (deviceLost(thrown)) throw thrown;
      return undefined;
    }
  }

  keep(key: string, image: AdapterImage): void {
    this.#images.set(key, image);
    this.#bytes += bytesOf(image.values);
  }

  free(): void {
    for (const [key, image] of this.#images) this.#drop(key, image);
  }

  #drop(key: string, { values }: AdapterImage): void {
    this.#images.delete(key);
    this.#bytes -= bytesOf(values);
    values.root.free();
  }
}
