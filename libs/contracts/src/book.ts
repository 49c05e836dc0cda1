import { datasetBuild } from './curation/dataset.build.js';
import { datasetPublished } from './curation/dataset.published.js';
import { datasetRefused } from './curation/dataset.refused.js';
import { feedbackGive } from './curation/feedback.give.js';
import { feedbackGiven } from './curation/feedback.given.js';
import { fileDelete } from './curation/file.delete.js';
import { fileGet } from './curation/file.get.js';
import { fileList } from './curation/file.list.js';
import { fileRegister } from './curation/file.register.js';
import { evaluationCreate } from './evaluator/evaluation.create.js';
import { evaluationFinished } from './evaluator/evaluation.finished.js';
import { evaluationGet } from './evaluator/evaluation.get.js';
import { evaluationList } from './evaluator/evaluation.list.js';
import { evaluationRun } from './evaluator/evaluation.run.js';
import type { Message } from './form.js';
import { adapterDecided } from './registry/adapter.decided.js';
import { adapterRefused } from './registry/adapter.refused.js';
import { adapterRegistered } from './registry/adapter.registered.js';
import { aliasGet } from './registry/alias.get.js';
import { aliasMove } from './registry/alias.move.js';
import { experimentConclude } from './registry/experiment.conclude.js';
import { experimentCreate } from './registry/experiment.create.js';
import { experimentGet } from './registry/experiment.get.js';
import { experimentList } from './registry/experiment.list.js';
import { lineageGet } from './registry/lineage.get.js';
import { modelGet } from './registry/model.get.js';
import { modelList } from './registry/model.list.js';
import { modelRegister } from './registry/model.register.js';
import { pairMade } from './reward/pair.made.js';
import { answerScore } from './serving/answer.score.js';
import { chatComplete } from './serving/chat.complete.js';
import { modelCheck } from './serving/model.check.js';
import { textComplete } from './serving/text.complete.js';
import { turnCompleted } from './serving/turn.completed.js';
import { shardsPublished } from './tokenizer/shards.published.js';
import { shardsRefused } from './tokenizer/shards.refused.js';
import { checkpointList } from './trainer/checkpoint.list.js';
import { eventList } from './trainer/event.list.js';
import { exportCreate } from './trainer/export.create.js';
import { exportGet } from './trainer/export.get.js';
import { exportRun } from './trainer/export.run.js';
import { jobCancel } from './trainer/job.cancel.js';
import { jobCreate } from './trainer/job.create.js';
import { jobGet } from './trainer/job.get.js';
import { jobList } from './trainer/job.list.js';
import { planMake } from './trainer/plan.make.js';
import { runFailed } from './trainer/run.failed.js';
import { runFinished } from './trainer/run.finished.js';
import { runStart } from './trainer/run.start.js';

/** Every message of Hone. A message that is not in this list does not exist on the bus: nobody may publish or read it. */
export const book: readonly Message[] = [
  fileRegister,
  fileGet,
  fileList,
  fileDelete,
  datasetBuild,
  datasetPublished,
  datasetRefused,
  feedbackGive,
  feedbackGiven,
  shardsPublished,
  shardsRefused,
  jobCreate,
  jobGet,
  jobList,
  jobCancel,
  eventList,
  checkpointList,
  exportCreate,
  exportGet,
  exportRun,
  planMake,
  runStart,
  runFinished,
  runFailed,
  pairMade,
  evaluationCreate,
  evaluationGet,
  evaluationList,
  evaluationRun,
  evaluationFinished,
  modelRegister,
  modelGet,
  modelList,
  aliasGet,
  aliasMove,
  experimentCreate,
  experimentGet,
  experimentList,
  experimentConclude,
  lineageGet,
  adapterRegistered,
  adapterRefused,
  adapterDecided,
  chatComplete,
  textComplete,
  answerScore,
  modelCheck,
  turnCompleted,
];
