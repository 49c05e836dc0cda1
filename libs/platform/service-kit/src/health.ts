import { createServer, type Server } from 'node:http';

export interface Health {
  /** The port that is open; of use when 0 was asked by a test. */
  port: number;
  close(): Promise<void>;
}

/** `/health/live` answers while the process can; `/health/ready` says with 503 what is still waited for. */
export async function openHealth(
  host: string,
  port: number,
  service: string,
  { waitingFor, facts }: { waitingFor: () => string[]; facts: () => Readonly<Record<string, string>> },
): Promise<Health> {
  const server = createServer((request, response) => {
    const waiting = request.url === '/health/ready' ? waitingFor() : [];
    const isKnown = request.url === '/health/ready' || request.url === '/health/live';
    const status = !isKnown ? 404 : waiting.length > 0 ? 503 : 200;
    const body = isKnown
      ? { service, status: status === 200 ? 'ok' : 'waiting', waitingFor: waiting, facts: facts() }
      : { error: 'not found' };
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const address = server.address();
  return { port: address !== null && typeof address === 'object' ? address.port : port, close: () => closed(server) };
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
