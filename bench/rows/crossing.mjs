// Row crossing: an op call from TypeScript, and the share of a decode step that is not arithmetic. The second is measured, not summed
// up: the null device runs every line that a step runs except the kernels.
import { join } from 'node:path';
import { Contender } from '../protocol/contender.mjs';
import { interleave } from '../protocol/interleave.mjs';
import { randomModels } from '../protocol/random-models.mjs';

export const rows = ['crossing'];

const bars = { callSeconds: 0.5e-6, hostShare: 0.03 };

export async function run() {
  const models = randomModels();
  const side = () =>
    new Contender('hone', process.execPath, [join(import.meta.dirname, '../ours/crossing.mjs')], { threads: 2 });
  const [onNull, onCpu] = [side(), side()];
  try {
    const folder = models.base('S1');
    const [call] = await interleave([[onNull, { case: 'call' }]]);
    const step = (device) => ({ case: 'host', folder, device, calls: 1 });
    const [host, whole] = await interleave([
      [onNull, step('null')],
      [onCpu, step('cpu')],
    ]);
    const share = host.seconds / whole.seconds;
    return [
      {
        row: 'crossing',
        workload: 'one op on 16 numbers, called from TypeScript',
        unit: 'us',
        ours: call.seconds * 1e6,
        bar: `<= ${bars.callSeconds * 1e6} us`,
        pass: call.seconds <= bars.callSeconds,
      },
      {
        row: 'crossing',
        workload: 'host work of 16 decode steps, 1.1 B shape, NF4, one stream, against the whole of it',
        unit: 'ms',
        ours: host.seconds * 1e3,
        peer: whole.seconds * 1e3,
        peer_name: 'the steps with their arithmetic',
        bar: `share <= ${bars.hostShare * 100} %`,
        pass: share <= bars.hostShare,
      },
    ];
  } finally {
    await Promise.all([onNull.close(), onCpu.close()]);
    models.close();
  }
}
