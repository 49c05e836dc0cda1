import { ArtifactStore } from '@hone/artifacts';
import { Mesh } from '@hone/mesh';
import { type Log, LOG, SETTINGS } from '@hone/service-kit';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CurationState } from './app/curation-state.js';
import { RetrainAlarm } from './app/retrain-alarm.js';
import { DatasetController } from './edge/dataset.controller.js';
import { FeedbackController } from './edge/feedback.controller.js';
import { FileController } from './edge/file.controller.js';
import { RetrainController } from './edge/retrain.controller.js';
import type { CurationSettings } from './settings.js';

@Module({
  controllers: [FileController, DatasetController, FeedbackController, RetrainController],
  providers: [
    {
      provide: CurationState,
      inject: [Mesh, ArtifactStore, SETTINGS],
      useFactory: (mesh: Mesh, store: ArtifactStore, settings: CurationSettings) =>
        new CurationState(mesh, store, {
          correctionsMin: settings.retrainCorrectionsMin,
          quietMs: settings.retrainQuietMs,
        }),
    },
    {
      provide: RetrainAlarm,
      inject: [CurationState, LOG],
      useFactory: (state: CurationState, log: Log) => new RetrainAlarm(state, log),
    },
  ],
})
export class DataCurationModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly alarm: RetrainAlarm) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.alarm.start();
  }

  onApplicationShutdown(): void {
    this.alarm.stop();
  }
}
