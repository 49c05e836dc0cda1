import { datasetBuild } from '../curation/dataset.build.js';
import { datasetPublished } from '../curation/dataset.published.js';
import { feedbackGive } from '../curation/feedback.give.js';
import { feedbackGiven } from '../curation/feedback.given.js';
import { fileRegister } from '../curation/file.register.js';
import { evaluationFinished } from '../evaluator/evaluation.finished.js';
import { evaluationRun } from '../evaluator/evaluation.run.js';
import type { Message } from '../form.js';
import { adapterDecided } from '../registry/adapter.decided.js';
import { adapterRegistered } from '../registry/adapter.registered.js';
import { pairMade } from '../reward/pair.made.js';
import { answerScore } from '../serving/answer.score.js';
import { chatComplete } from '../serving/chat.complete.js';
import { turnCompleted } from '../serving/turn.completed.js';
import type { ServiceName } from '../services.js';
import { shardsPublished } from '../tokenizer/shards.published.js';
import { jobCreate } from '../trainer/job.create.js';
import { runFinished } from '../trainer/run.finished.js';
import { runStart } from '../trainer/run.start.js';

/** One message of a journey: who says it to whom. The book must allow it. */
export interface FlowStep {
  from: ServiceName;
  message: Message;
  to: ServiceName;
}

export interface Flow {
  title: string;
  summary: string;
  steps: readonly FlowStep[];
}

const step = (from: ServiceName, message: Message, to: ServiceName): FlowStep => ({ from, message, to });

const training: readonly FlowStep[] = [
  step('trainer', datasetBuild, 'data-curation'),
  step('data-curation', datasetPublished, 'tokenizer'),
  step('tokenizer', shardsPublished, 'trainer'),
  step('trainer', runStart, 'trainer'),
  step('trainer', runFinished, 'registry'),
  step('registry', adapterRegistered, 'evaluator'),
  step('evaluator', evaluationRun, 'evaluator'),
  step('evaluator', answerScore, 'serving'),
  step('evaluator', chatComplete, 'serving'),
  step('evaluator', evaluationFinished, 'registry'),
  step('registry', adapterDecided, 'data-curation'),
];

/** The journeys of the house as data: drawn in the docs, checked link by link by a test. There is no orchestrator. */
export const flows: readonly Flow[] = [
  {
    title: 'A file becomes a promoted adapter',
    summary:
      'A client uploads rows and creates a fine-tuning job; each service does its part when the one before has told its fact.',
    steps: [step('gateway', fileRegister, 'data-curation'), step('gateway', jobCreate, 'trainer'), ...training],
  },
  {
    title: 'One chat',
    summary: 'The alias, the experiment and the user decide who answers; tokens stream back as they are made.',
    steps: [step('gateway', chatComplete, 'serving'), step('serving', turnCompleted, 'data-curation')],
  },
  {
    title: 'A thumbs-down becomes a promoted adapter',
    summary:
      'Votes become scored pairs, enough pairs become a retraining job, and the better adapter takes the alias over.',
    steps: [
      step('gateway', feedbackGive, 'data-curation'),
      step('data-curation', feedbackGiven, 'reward'),
      step('reward', answerScore, 'serving'),
      step('reward', pairMade, 'data-curation'),
      step('data-curation', jobCreate, 'trainer'),
      ...training,
    ],
  },
];
