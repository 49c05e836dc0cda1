/**
 * `cpu` and `cuda` compute; `null` and `null-cuda` check shapes and count memory as those two would take it, so a run's peak is known
 * before it starts.
 */
export type DeviceName = 'cpu' | 'null' | 'cuda' | 'null-cuda';

export interface DeviceKind {
  /** What crosses the boundary; the order is the native enum's. */
  readonly code: number;
  /** Tensors have values. */
  readonly computes: boolean;
  /** Ops are queued: whoever reads a value waits for all that was asked for before. */
  readonly isQueued: boolean;
  /** How activations lie there: the role `act` of the op table. */
  readonly activations: 'f32' | 'bf16';
}

export const devices: Readonly<Record<DeviceName, DeviceKind>> = {
  cpu: { code: 0, computes: true, isQueued: false, activations: 'f32' },
  null: { code: 1, computes: false, isQueued: false, activations: 'f32' },
  cuda: { code: 2, computes: true, isQueued: true, activations: 'bf16' },
  'null-cuda': { code: 3, computes: false, isQueued: true, activations: 'bf16' },
};

export const deviceNames = Object.keys(devices) as DeviceName[];
