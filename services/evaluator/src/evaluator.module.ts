import { ArtifactStore } from '@hone/artifacts';
import { Mesh } from '@hone/mesh';
import { SETTINGS } from '@hone/service-kit';
import { Module } from '@nestjs/common';
import { EvaluatorState } from './app/evaluator-state.js';
import { EvaluationController } from './edge/evaluation.controller.js';
import type { EvaluatorSettings } from './settings.js';

@Module({
  controllers: [EvaluationController],
  providers: [
    {
      provide: EvaluatorState,
      inject: [Mesh, ArtifactStore, SETTINGS],
      useFactory: (mesh: Mesh, store: ArtifactStore, settings: EvaluatorSettings) =>
        new EvaluatorState(mesh, store, settings),
    },
  ],
})
export class EvaluatorModule {}
