// A program of its own, as probe.ts: prints as JSON which device this machine's processes would compute on, and why.
import { chooseDevice } from './choose-device.js';

try {
  console.log(JSON.stringify(chooseDevice()));
} catch (thrown) {
  const why = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown);
  console.log(JSON.stringify({ device: undefined, why }));
}
