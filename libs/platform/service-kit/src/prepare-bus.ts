import { readFileSync } from 'node:fs';
import { asHoneError } from '@hone/base';
import { book, ledgers } from '@hone/contracts';
import { connectMesh } from '@hone/mesh';
import { z } from 'zod';
import { makeLog } from './log.js';
import { exitCodeOf } from './run-service.js';
import { readSettings, sourcesOfProcess } from './settings.js';

/**
 * A process of its own: makes the streams, consumers and ledgers of the book on the NATS server that HONE_NATS_URL names, with
 * the administrator's key of HONE_NATS_SEED_FILE, and ends. Safe to repeat; services wait until it has run.
 */
const settings = readSettings('prepare-bus', z.object({}), sourcesOfProcess());
const log = makeLog('prepare-bus', settings.logLevel);
try {
  const { natsUrl, natsSeedFile } = settings;
  const seed = natsSeedFile === undefined ? {} : { nkeySeed: readFileSync(natsSeedFile, 'utf8').trim() };
  // The administrator is no service, but takes a service's name, and so its inbox, for these few questions.
  const mesh = await connectMesh({ service: 'gateway', url: natsUrl, log, ...seed });
  await mesh.ensureTopology({ messages: book, ledgers: Object.values(ledgers) });
  await mesh.close();
  log.info({ messages: book.length }, 'the bus is ready');
} catch (thrown) {
  const error = asHoneError(thrown);
  log.fatal({ code: error.code }, error.message);
  process.exitCode = exitCodeOf(error);
}
