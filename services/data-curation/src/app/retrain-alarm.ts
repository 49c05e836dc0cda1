import { type MeshLog, silentLog } from '@hone/mesh';
import { inTrace, traced } from '@hone/telemetry';
import { considerRetrain } from './consider-retrain.js';
import type { CurationState } from './curation-state.js';

const retryMs = 5000;
const startRetryMs = 500;

/**
 * Looks at a policy again when it asked for it: after the quiet time, or after the wait of a failed job. The alarm is only a
 * reminder; everything that matters is in the ledger, and a start looks at every policy once.
 */
export class RetrainAlarm {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** What was last said about an alias, so that each reason is said once. */
  readonly #notes = new Map<string, string>();
  #starting: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(
    private readonly state: CurationState,
    private readonly log: MeshLog = silentLog,
  ) {}

  /** Looks at every policy once; a bus that is not ready yet is waited for. */
  async start(): Promise<void> {
    try {
      for (const { id } of await this.state.policies.list()) this.set(id, this.state.clock.now());
    } catch (thrown) {
      if (this.#isStopped) return;
      this.log.info({ error: String(thrown) }, 'the policies cannot be read yet; trying again');
      this.#starting = setTimeout(() => void this.start(), startRetryMs);
    }
  }

  /** Looks now, in the caller's trace; a fault is the caller's to retry. */
  async look(alias: string): Promise<void> {
    const atMs = await considerRetrain(this.state, alias);
    if (atMs !== undefined) this.set(alias, atMs);
    const note = (await this.state.policies.get(alias))?.value.note;
    if (note !== undefined && note !== this.#notes.get(alias)) this.log.info({ alias }, `retrain policy: ${note}`);
    if (note !== undefined) this.#notes.set(alias, note);
  }

  set(alias: string, atMs: number): void {
    clearTimeout(this.#timers.get(alias));
    if (this.#isStopped) return;
    const timer = setTimeout(() => void this.#ring(alias), Math.max(0, atMs - this.state.clock.now()));
    this.#timers.set(alias, timer);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#starting);
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  async #ring(alias: string): Promise<void> {
    this.#timers.delete(alias);
    try {
      const policy = await this.state.policies.get(alias);
      await inTrace(policy?.value.traceparent, () =>
        traced('consider retraining', { 'hone.alias': alias }, () => this.look(alias)),
      );
    } catch (thrown) {
      this.log.warn({ alias, error: String(thrown) }, 'the retrain policy could not act; trying again');
      this.set(alias, this.state.clock.now() + retryMs);
    }
  }
}
