import type { Draft, Driver, Opened, Stat } from '../driver.js';

/** Objects in this process's memory: for tests and for journeys that must run in milliseconds. */
export class MemoryDriver implements Driver {
  readonly name = 'memory';
  readonly objects = new Map<string, { bytes: Uint8Array; writtenAt: number }>();

  async begin(): Promise<Draft> {
    const chunks: Uint8Array[] = [];
    return {
      // Callers may reuse their buffer after a write, so the bytes are copied.
      write: async (chunk) => void chunks.push(new Uint8Array(chunk)),
      keep: async (key) => void this.objects.set(key, { bytes: Buffer.concat(chunks), writtenAt: Date.now() }),
      drop: async () => void (chunks.length = 0),
    };
  }

  async open(key: string): Promise<Opened | undefined> {
    const object = this.objects.get(key);
    if (!object) return undefined;
    return { bytes: object.bytes.byteLength, chunks: pieces(object.bytes) };
  }

  async stat(key: string): Promise<Stat | undefined> {
    const object = this.objects.get(key);
    return object && { bytes: object.bytes.byteLength, writtenAt: object.writtenAt };
  }

  async delete(key: string): Promise<void> {
    this.objects.delete(key);
  }

  async *list(): AsyncGenerator<Stat & { key: string }> {
    for (const [key, { bytes, writtenAt }] of [...this.objects]) yield { key, bytes: bytes.byteLength, writtenAt };
  }

  async sweepDrafts(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}
}

const pieceBytes = 64 * 1024;

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) yield bytes.slice(start, start + pieceBytes);
}
