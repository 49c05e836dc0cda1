// Where a process computes: what HONE_DEVICE asks for, what the machine has, and what is said about it.
import { afterEach, expect, it } from '@jest/globals';
import { chooseDevice } from './choose-device.js';
import { deviceLost } from './device-lost.js';
import { openCard, useDevice } from './runtime.js';

const hasCard = (() => {
  try {
    return openCard() !== undefined;
  } catch {
    return false;
  }
})();

afterEach(() => void useDevice('cpu'));

it('is the processor where it is asked for', () => {
  expect(chooseDevice('cpu')).toEqual({ device: 'cpu', why: 'HONE_DEVICE=cpu', card: undefined });
});

it('is told with its reason', () => {
  const { device, why } = chooseDevice('auto');
  expect(device).toBe(hasCard ? 'cuda' : 'cpu');
  expect(why).toMatch(hasCard ? /^HONE_DEVICE=auto: ./ : /^HONE_DEVICE=auto, and no GPU: ./);
});

(hasCard ? it.skip : it)('refuses a GPU that is not there, and keeps the device that was chosen before', () => {
  expect(() => chooseDevice('cuda')).toThrow(/cuda|GPU|driver/i);
  expect(() => useDevice('cuda')).toThrow(/cuda|GPU|driver/i);
  expect(useDevice('cpu')).toBe('cpu');
});

it('refuses other words', () => {
  expect(() => chooseDevice('cude')).toThrow('did you mean cuda?');
});

it('takes the loss of a GPU for a fault, and nothing else', () => {
  const lost = Object.assign(new Error('[linearForward] the card fell off'), { code: 'DEVICE_LOST' });
  expect(deviceLost(lost)).toMatchObject({ kind: 'fault', code: 'DEVICE_LOST', cause: lost });
  expect(deviceLost(new Error('else'))).toBeUndefined();
});
