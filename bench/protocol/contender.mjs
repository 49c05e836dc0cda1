// A contender of a benchmark: a process that prepares cases and runs them when told, over JSON lines on its standard streams.
// It stays alive over a whole row, so that ours and the peer can alternate sample by sample with warm caches and packed weights.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

// Waiting threads of the peers' runtimes sleep, or they would take the cores from the side whose turn it is.
const quiet = { OMP_WAIT_POLICY: 'PASSIVE', KMP_BLOCKTIME: '0', GOMP_SPINCOUNT: '0', TOKENIZERS_PARALLELISM: 'false' };

export class Contender {
  #process;
  #lines;
  #last = '';

  /** `threads` reaches the process as HONE_THREADS and OMP_NUM_THREADS. */
  constructor(name, command, args, { threads, env = {} } = {}) {
    this.name = name;
    const counts =
      threads === undefined
        ? {}
        : { HONE_THREADS: `${threads}`, OMP_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}` };
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...quiet, ...counts, ...env },
    });
    this.#process.stderr.on('data', (text) => (this.#last = `${this.#last}${text}`.slice(-2000)));
    this.#process.stdin.on('error', () => undefined);
    const lines = createInterface({ input: this.#process.stdout });
    this.#lines = lines[Symbol.asyncIterator]();
    // A process that dies may leave children that hold its standard output open, and the next answer would be waited for without
    // end; what it wrote before is read first.
    this.#process.once('exit', () => setTimeout(() => lines.close(), 1000));
    this.#process.once('error', ({ message }) => {
      this.#last = message;
      lines.close();
    });
  }

  /** One request, one answer: `{ case, ...parameters }` -> what the contender says. Its own words on failure are thrown. */
  async ask(request) {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.name} ended: ${this.#last.trim().split('\n').at(-1)}`);
      // Libraries print what they like; an answer is a line that starts as one.
      if (!value.startsWith('{"')) continue;
      const answer = JSON.parse(value);
      if (answer.error !== undefined) throw new Error(`${this.name}: ${answer.error}`);
      return answer;
    }
  }

  async close() {
    this.#process.stdin.end();
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    await new Promise((resolve) => {
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
      this.#process.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
