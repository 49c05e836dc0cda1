import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Home } from '../home.js';
import { freeBytesEnough, freeBytesLeast, freeBytesOf, fullDiskText } from './free-space.js';

const everyMs = 500;
const tailBytesMax = 256 * 1024;
const writeFailed = /no space left on device|critical write error|disabling jetstream|jetstream disabled/i;

export interface DiskWatchOptions {
  home: Home;
  /** Called once when there is room again after the bus may have failed to write. */
  onRoom: () => void;
  log: (text: string) => void;
}

/**
 * Watches the room that the bus has. A stream of nats-server that failed to write once stays broken until the server starts
 * anew, so the bus is started again as soon as there is room: never earlier, because a start on a full disk may lose streams.
 * The server's log alone would not do as a sign: it lies on the same disk.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #logOffset: number;
  #isBusInDoubt = false;
  isFull = false;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.#logOffset = this.#logSize();
    this.#timer = setInterval(() => this.look(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const { home, onRoom, log } = this.#options;
    const free = freeBytesOf(home);
    if (free === undefined) return;
    if (free < freeBytesLeast && !this.isFull) {
      this.isFull = true;
      log(fullDiskText(home, Infinity) as string);
    }
    this.#isBusInDoubt ||= this.isFull || this.#hasFailedToWrite();
    if (free < freeBytesEnough || !this.#isBusInDoubt) return;
    this.isFull = false;
    this.#isBusInDoubt = false;
    this.#logOffset = this.#logSize();
    log(
      '[disk] there is room again; nats-server is started anew, because its streams stay closed after a failed write',
    );
    onRoom();
  }

  /** Whether the bus has told of a failed write since the last look. */
  #hasFailedToWrite(): boolean {
    const size = this.#logSize();
    const from = Math.max(size < this.#logOffset ? 0 : this.#logOffset, size - tailBytesMax);
    this.#logOffset = size;
    if (size === from) return false;
    const bytes = Buffer.alloc(size - from);
    const file = openSync(this.#options.home.log('nats-server'), 'r');
    try {
      return writeFailed.test(bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, from)));
    } finally {
      closeSync(file);
    }
  }

  #logSize(): number {
    return statSync(this.#options.home.log('nats-server'), { throwIfNoEntry: false })?.size ?? 0;
  }
}
