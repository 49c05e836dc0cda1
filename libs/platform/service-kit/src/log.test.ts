import { describe, expect, it } from '@jest/globals';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logDestination, makeLog } from './log.js';

describe('the log', () => {
  it('writes one JSON object a line and cuts secrets out by name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hone-log-'));
    const fd = openSync(join(folder, 'a.log'), 'a');
    makeLog('trainer', 'info', logDestination(fd)).info({ apiKey: 'hone_sk_1', step: 3 }, 'a step');
    closeSync(fd);
    const line = JSON.parse(readFileSync(join(folder, 'a.log'), 'utf8')) as object;
    expect(line).toMatchObject({ level: 'info', service: 'trainer', step: 3, apiKey: '***', msg: 'a step' });
    rmSync(folder, { recursive: true });
  });

  const whenFull = existsSync('/dev/full') ? it : it.skip;
  whenFull('outlives a disk without room', () => {
    const fd = openSync('/dev/full', 'w');
    const log = makeLog('trainer', 'info', logDestination(fd));
    for (let line = 0; line < 100; line++) expect(() => log.info({ line }, 'no room')).not.toThrow();
    closeSync(fd);
  });
});
