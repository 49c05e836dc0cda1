// Row C9: eight chats at a time, two on each of four adapters, against eight sequences of llama.cpp, which has one adapter for all
// sequences of a context and therefore runs without any. Drawn tokens per second over the whole time, prompts included.
import { peerName } from '../peers/node-llama-cpp.mjs';
import { duel } from '../protocol/duel.mjs';

export const rows = ['C9'];

const bar = 1.5;

export async function run() {
  const found = [];
  for (const [name, size] of Object.entries({ S0: '100 M', S1: '1.1 B' })) {
    const { ours, peer } = await duel(name, { streams: 8, prompt: 128, tokens: 128, adapters: 4, samples: 3 });
    found.push({
      row: 'C9',
      workload: `8 streams, 4 adapters r16, prompts of 128 and 128 drawn tokens, ${size} shape, NF4`,
      unit: 'tokens/s',
      ours: ours.generated,
      peer: peer?.generated,
      peer_name: peer === undefined ? 'not to be had here' : `${peerName}, Q4_0, no adapters`,
      bar: `ratio >= ${bar}`,
      pass: peer === undefined ? undefined : ours.generated >= bar * peer.generated,
      detail: { ours: ours.last, peer: peer?.last },
    });
  }
  return found;
}
