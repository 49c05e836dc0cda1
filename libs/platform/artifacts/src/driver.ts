/**
 * What a store of bytes must offer; the ArtifactStore builds addressing and verification on top. A key is written whole or
 * not at all: a reader sees nothing or everything. No conditional writes are asked, because stores differ there.
 */
export interface Driver {
  /** For messages: `directory /var/lib/hone/objects`. */
  readonly name: string;
  /** Begins to write bytes whose key is not known before the last of them. */
  begin(): Promise<Draft>;
  /** The bytes from `start` on, or nothing when the key is unknown. */
  open(key: string): Promise<Opened | undefined>;
  stat(key: string): Promise<Stat | undefined>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
  list(): AsyncIterable<Stat & { key: string }>;
  /** Removes drafts that a crash left behind. */
  sweepDrafts(olderThanMs: number): Promise<number>;
  close(): Promise<void>;
}

export interface Draft {
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the bytes durable and visible under the key; keeping a key again refreshes its time. */
  keep(key: string): Promise<void>;
  drop(): Promise<void>;
}

export interface Opened {
  bytes: number;
  chunks: AsyncIterable<Uint8Array>;
}

export interface Stat {
  bytes: number;
  writtenAt: number;
}
