import * as runtime from './runtime.js';
import type { DeviceName } from './runtime.js';

/** Runs `body` with new tensors on another device: on `null` nothing is computed, and the memory is counted. */
export function onDevice<T>(device: DeviceName, body: () => T): T {
  const before = runtime.useDevice(device);
  try {
    return body();
  } finally {
    runtime.useDevice(before);
  }
}
