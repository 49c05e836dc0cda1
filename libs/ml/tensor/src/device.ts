import * as runtime from './runtime.js';
import { devices, type DeviceName } from './runtime.js';

/** Runs `body` with new tensors on another device: on `null` and `null-cuda` nothing is computed, and the memory is counted. */
export function onDevice<T>(device: DeviceName, body: () => T): T {
  const before = runtime.useDevice(device);
  try {
    return body();
  } finally {
    runtime.useDevice(before);
  }
}

/** How activations, and the gradients that flow through them, lie on the device of new tensors. */
export const activationDType = (): 'f32' | 'bf16' => devices[runtime.deviceOfNewTensors()].activations;
