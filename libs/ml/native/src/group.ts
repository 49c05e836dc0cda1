// The processes of a data-parallel run, one for each device.
import { addon, type Handle } from './addon.js';
import { devices } from './devices.js';

export interface GroupPlace {
  /** From 0 on. */
  readonly rank: number;
  readonly size: number;
}

export interface GroupInvitation extends GroupPlace {
  /** What `groupId` gave one of the processes: 128 bytes. */
  readonly id: Uint8Array;
}

/** Under what the processes of a group on GPUs find each other: one of them makes it and tells the others. Needs NCCL. */
export const groupId = (): Uint8Array => addon().groupId();

/** Joins a group of processes with a GPU each, over NCCL; waits there for the others. A process is in one group at a time. */
export const joinCardGroup = ({ rank, size, id }: GroupInvitation): GroupPlace =>
  addon().groupJoin(devices.cuda.code, rank, size, id);

/** Joins the processes that `mpiexec` started, which compute on their processors. Needs an MPI library of the standard ABI. */
export const joinMpiGroup = (): GroupPlace => addon().groupJoin(devices.cpu.code, 0, 1, new Uint8Array(128));

/** An f32 tensor of the group's device becomes the sum of those that all processes give, in place. */
export const groupAllReduce = (tensor: Handle): void => addon().groupAllReduce(tensor);

export const leaveGroup = (): void => addon().groupLeave();
