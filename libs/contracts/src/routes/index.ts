import { createChatCompletion } from './chat.js';
import { createCompletion } from './completions.js';
import { createEvaluation, listEvaluations, retrieveEvaluation, retrieveLineage } from './evaluations.js';
import {
  concludeExperiment,
  createExperiment,
  listExperiments,
  moveAlias,
  retrieveAlias,
  retrieveExperiment,
} from './experiments.js';
import { createExport, downloadExport, retrieveExport } from './exports.js';
import { createFeedback } from './feedback.js';
import { createFile, deleteFile, downloadFile, listFiles, retrieveFile } from './files.js';
import {
  cancelFineTuningJob,
  createFineTuningJob,
  listFineTuningEvents,
  listFineTuningJobCheckpoints,
  listFineTuningJobs,
  retrieveFineTuningJob,
} from './fine-tuning.js';
import { importModel, listModels, retrieveModel } from './models.js';
import { createPlan } from './plans.js';
import type { Route } from './route.js';
import { healthLive, healthReady, openApiDocument } from './system.js';

export * from './chat.js';
export * from './completions.js';
export * from './errors.js';
export * from './evaluations.js';
export * from './experiments.js';
export * from './exports.js';
export * from './feedback.js';
export * from './files.js';
export * from './fine-tuning.js';
export * from './models.js';
export * from './plans.js';
export * from './route.js';
export { busMessage, type RequestMessage, type Usage } from './shapes.js';
export * from './system.js';

/** Every HTTP operation of the gateway. */
export const routes: readonly Route[] = [
  createChatCompletion,
  createCompletion,
  createFile,
  listFiles,
  retrieveFile,
  downloadFile,
  deleteFile,
  createFineTuningJob,
  listFineTuningJobs,
  retrieveFineTuningJob,
  cancelFineTuningJob,
  listFineTuningEvents,
  listFineTuningJobCheckpoints,
  listModels,
  retrieveModel,
  importModel,
  createExport,
  retrieveExport,
  downloadExport,
  createPlan,
  createFeedback,
  createExperiment,
  listExperiments,
  retrieveExperiment,
  concludeExperiment,
  retrieveAlias,
  moveAlias,
  createEvaluation,
  listEvaluations,
  retrieveEvaluation,
  retrieveLineage,
  healthLive,
  healthReady,
  openApiDocument,
];
