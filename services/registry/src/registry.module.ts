import { ArtifactStore } from '@hone/artifacts';
import { Mesh } from '@hone/mesh';
import { Module } from '@nestjs/common';
import { RegistryState } from './app/registry-state.js';
import { EventController } from './edge/event.controller.js';
import { ExperimentController } from './edge/experiment.controller.js';
import { ModelController } from './edge/model.controller.js';

@Module({
  controllers: [ModelController, ExperimentController, EventController],
  providers: [
    {
      provide: RegistryState,
      inject: [Mesh, ArtifactStore],
      useFactory: (mesh: Mesh, store: ArtifactStore) => new RegistryState(mesh, store),
    },
  ],
})
export class RegistryModule {}
