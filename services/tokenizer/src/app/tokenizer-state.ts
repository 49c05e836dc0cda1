import type { ArtifactStore } from '@hone/artifacts';
import type { Mesh } from '@hone/mesh';
import { TemplateSandbox } from '@hone/text';
import { Bases } from './bases.js';

/** What the acts of the tokenizer work with. It owns no names: everything it makes follows from what it reads. */
export class TokenizerState {
  readonly bases: Bases;
  /** Chat templates are programs that came with a model; they run in a worker with limits. */
  readonly sandbox = new TemplateSandbox();

  constructor(
    readonly mesh: Mesh,
    readonly store: ArtifactStore,
  ) {
    this.bases = new Bases(mesh, store, this.sandbox);
  }

  close(): Promise<void> {
    return this.sandbox.close();
  }
}
