import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root, seen from src/ and from dist/ alike. */
export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '../../..');
