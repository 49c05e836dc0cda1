import { trainingSettings } from '@hone/recipes';
import { chooseDevice } from '@hone/tensor';
import type { RunningTraining, TrainingOrder } from './protocol.js';
import { startTrainingGroup, startTrainingProcess } from './training-group.js';
import { startTrainingThread } from './training-thread.js';

/**
 * Starts the engine of a run: a thread of this process, or a process for each device where the job asks for several. `isApart`: in a process
 * of its own in either case, because this one has lost its GPU.
 */
export function startTraining(order: TrainingOrder, { isApart }: { isApart: boolean }): RunningTraining {
  const { processes } = trainingSettings(order.arguments, order.method);
  if (processes > 1) return startTrainingGroup(order, processes, isApart ? 'cuda' : chooseDevice().device);
  return isApart ? startTrainingProcess(order) : startTrainingThread(order);
}
