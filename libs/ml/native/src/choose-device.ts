import { refusal, suggest } from '@hone/base';
import type { Card } from './addon.js';
import { openCard, synchroniseCard } from './runtime.js';

/** What HONE_DEVICE may say; `auto` is a GPU where one can be used, else the processor. */
export const deviceSettings = ['auto', 'cpu', 'cuda'] as const;
export type DeviceSetting = (typeof deviceSettings)[number];

export interface DeviceChoice {
  readonly device: 'cpu' | 'cuda';
  /** One sentence for the log: what was asked for, and what was found. */
  readonly why: string;
  readonly card: Card | undefined;
}

/**
 * The device that this process computes on. A GPU that was asked for by name and cannot be used is an error that says what is missing;
 * one that was lost in this process counts as missing, since a process cannot use it again.
 */
export function chooseDevice(setting = process.env['HONE_DEVICE'] || 'auto'): DeviceChoice {
  if (!isSetting(setting)) throw unknownDevice(setting);
  if (setting === 'cpu') return { device: 'cpu', why: 'HONE_DEVICE=cpu', card: undefined };
  try {
    const card = openCard();
    synchroniseCard();
    return { device: 'cuda', why: `HONE_DEVICE=${setting}: ${card.name}`, card };
  } catch (thrown) {
    // A setting that means nothing is told in every case.
    if (setting === 'cuda' || codeOf(thrown) === 'NATIVE_BAD_ARGUMENT') throw thrown;
    const reason = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown);
    return { device: 'cpu', why: `HONE_DEVICE=auto, and no GPU: ${reason}`, card: undefined };
  }
}

/** Whether what was lost with a GPU may go on elsewhere: not where the GPU was asked for by name. */
export const allowsOtherDevices = (setting = process.env['HONE_DEVICE'] || 'auto'): boolean => setting !== 'cuda';

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && 'code' in thrown ? thrown.code : undefined);

const isSetting = (setting: string): setting is DeviceSetting =>
  (deviceSettings as readonly string[]).includes(setting);

function unknownDevice(setting: string) {
  const near = suggest(setting, deviceSettings);
  const message = `[device] expected ${deviceSettings.join(', ')} for HONE_DEVICE but received ${setting}`;
  return refusal('unknown_device', near ? `${message}; did you mean ${near}?` : message, { param: 'HONE_DEVICE' });
}
