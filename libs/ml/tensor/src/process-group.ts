import * as native from '@hone/native';
import type { GroupInvitation, GroupPlace } from '@hone/native';
import type { Tensor } from './tensor.js';

/** The processes of a data-parallel run: each computes on its own device, and all call `sum` in the same order. */
export class ProcessGroup implements GroupPlace {
  readonly rank: number;
  readonly size: number;

  private constructor({ rank, size }: GroupPlace) {
    this.rank = rank;
    this.size = size;
  }

  /** A GPU each, over NCCL; waits until all have come. */
  static onCards(invitation: GroupInvitation): ProcessGroup {
    return new ProcessGroup(native.joinCardGroup(invitation));
  }

  /** The processes that `mpiexec` started, on their processors. */
  static overMpi(): ProcessGroup {
    return new ProcessGroup(native.joinMpiGroup());
  }

  /** An f32 tensor becomes the sum over all processes, in place. On GPUs it is queued and nobody waits. */
  sum(tensor: Tensor): void {
    native.groupAllReduce(tensor.id);
  }

  leave(): void {
    native.leaveGroup();
  }
}

/** Under what the processes of a group on GPUs find each other: one makes it, all are told. */
export const newGroupId = (): Uint8Array => native.groupId();
