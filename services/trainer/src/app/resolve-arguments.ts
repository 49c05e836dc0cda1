import type { Hyperparameters } from '@hone/contracts';
import { trainingSettings } from '@hone/recipes';
import { trainingArguments, type TrainingOrderArguments } from '../domain/training-arguments.js';

/** The recipe's arguments for a job, checked by the recipe itself: what it would refuse is refused here. */
export function resolveArguments(
  hyperparameters: Hyperparameters,
  facts: { rows: number | undefined; hasValidation: boolean; seed: number },
): TrainingOrderArguments {
  const order = trainingArguments(hyperparameters, {
    ...facts,
    defaultLearningRate: (method) => trainingSettings({}, method).learningRate,
  });
  trainingSettings(order.arguments, order.method);
  return order;
}
