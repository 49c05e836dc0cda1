import { expect, it } from '@jest/globals';
import { DeviceLosses } from './device-losses.js';

it('lets each job lose its GPU once, and then wants processes of their own', () => {
  const losses = new DeviceLosses();
  expect(losses.hasLost).toBe(false);
  expect(losses.mayRepeat('a')).toBe(true);
  expect(losses.hasLost).toBe(true);
  expect(losses.mayRepeat('b')).toBe(true);
  expect(losses.mayRepeat('a')).toBe(false);
  expect(losses.mayRepeat('b')).toBe(false);
});
