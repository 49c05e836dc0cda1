import { LOG } from '@hone/service-kit';
import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { EvaluationsController } from './edge/evaluations.controller.js';
import { ExperimentsController } from './edge/experiments.controller.js';
import { ExportsController } from './edge/exports.controller.js';
import { FeedbackController } from './edge/feedback.controller.js';
import { FilesController } from './edge/files.controller.js';
import { FineTuningController } from './edge/fine-tuning.controller.js';
import { GenerationController } from './edge/generation.controller.js';
import { ModelsController } from './edge/models.controller.js';
import { PlansController } from './edge/plans.controller.js';
import { SystemController } from './edge/system.controller.js';
import { ApiErrorFilter } from './http/error-filter.js';

/** Every class whose methods serve routes of the book. */
export const controllers = [
  FilesController,
  FineTuningController,
  GenerationController,
  ModelsController,
  ExportsController,
  PlansController,
  FeedbackController,
  ExperimentsController,
  EvaluationsController,
  SystemController,
];

@Module({
  controllers,
  providers: [{ provide: APP_FILTER, useFactory: (log) => new ApiErrorFilter(log), inject: [LOG] }],
})
export class GatewayModule {}
