import { trainingSettings } from '@hone/recipes';
import { chooseDevice } from '@hone/tensor';
import type { RunningTraining, TrainingOrder } from './protocol.js';
import { startTrainingGroup } from './training-group.js';
import { startTrainingThread } from './training-thread.js';

/** Starts the engine of a run: a thread of this process, or a process for each device where the job asks for several. */
export function startTraining(order: TrainingOrder): RunningTraining {
  const { processes } = trainingSettings(order.arguments, order.method);
  return processes === 1 ? startTrainingThread(order) : startTrainingGroup(order, processes, chooseDevice().device);
}
