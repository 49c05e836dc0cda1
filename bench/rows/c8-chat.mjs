// Row C8: one chat, a prompt of 512 tokens and 128 drawn ones, on the 1.1 B shape: NF4 with a head in int8 here, Q4_0 with the
// Q6_K head that llama-quantize gives such a file in llama.cpp.
import { peerName } from '../peers/node-llama-cpp.mjs';
import { withCeilings } from '../protocol/ceilings.mjs';
import { duel } from '../protocol/duel.mjs';

export const rows = ['C8'];

const bars = { prefill: 1.3, decode: 2.0 };
const workloads = { prefill: 'prefill of 512 tokens', decode: '128 drawn tokens after it' };

export async function run() {
  const { result, ceilings } = await withCeilings(() =>
    duel('S1', { streams: 1, prompt: 512, tokens: 128, headFormat: 'int8' }),
  );
  const { ours, peer } = result;
  // Every token reads the weights once; a share of the read bandwidth is what no kernel can raise above 1.
  const share = (ours.decode * ours.last.weight_bytes) / (ceilings.readGbps * 1e9);
  return Object.entries(bars).map(([phase, bar]) => ({
    row: 'C8',
    workload: `${workloads[phase]}, 1.1 B shape, NF4, int8 head`,
    unit: 'tokens/s',
    ours: ours[phase],
    peer: peer?.[phase],
    peer_name: peer === undefined ? 'not to be had here' : `${peerName}, Q4_0, Q6_K head`,
    of_ceiling: phase === 'decode' ? share : undefined,
    bar: `ratio >= ${bar}`,
    pass: peer === undefined ? undefined : ours[phase] >= bar * peer[phase],
    detail: { ceilings, ours: ours.last, peer: peer?.last },
  }));
}
