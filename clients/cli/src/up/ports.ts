import { createServer } from 'node:net';
import { CliError, exitCodes } from '../exit-codes.js';

/** A port that nobody listens on; the system chooses. */
export const freePort = (): Promise<number> => listenOnce(0);

/** The wanted port, or a refusal that says what to do when somebody has it. */
export async function wantedPort(port: number): Promise<number> {
  try {
    return await listenOnce(port);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? String(thrown);
    const why = code === 'EADDRINUSE' ? 'another process listens there' : `the system says ${code}`;
    const message = `[up] expected port ${port} to be free but ${why}; fix: stop it, or choose another with --port (0 takes any free one)`;
    throw new CliError(message, exitCodes.conflict);
  }
}

const listenOnce = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
