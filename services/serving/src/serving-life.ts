import type { Readiness } from '@hone/service-kit';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { awaitLedger } from './app/await-ledger.js';
import { followModels } from './app/follow-models.js';
import type { ServingState } from './app/serving-state.js';
import { warmAliases } from './app/warm-model.js';

/** Start and end of serving: ready when the ledger is known; a lost engine or ledger ends the process, and its supervisor starts another. */
export class ServingLife implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #state: ServingState;
  readonly #readiness: Readiness;
  readonly #leaving = new AbortController();

  constructor(state: ServingState, readiness: Readiness) {
    this.#state = state;
    this.#readiness = readiness;
  }

  async onApplicationBootstrap(): Promise<void> {
    const known = this.#readiness.hold('the engine thread and the models ledger');
    void this.#state.parts.engine.ended.then((error) => {
      if (error) throw error;
    });
    // The first answer proves that the thread has started and found its native library.
    await this.#state.parts.engine.look();
    await awaitLedger(this.#state, this.#leaving.signal);
    await followModels(this.#state, {
      signal: this.#leaving.signal,
      failed: (error) => {
        if (!this.#leaving.signal.aborted) throw error;
      },
    });
    known();
    if (this.#state.parts.settings.warm) void warmAliases(this.#state);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#leaving.abort();
    await this.#state.parts.engine.close();
  }
}
