import { ArtifactStore } from '@hone/artifacts';
import { Mesh } from '@hone/mesh';
import { Module } from '@nestjs/common';
import { RewardState } from './app/reward-state.js';
import { FeedbackController } from './edge/feedback.controller.js';

@Module({
  controllers: [FeedbackController],
  providers: [
    {
      provide: RewardState,
      inject: [Mesh, ArtifactStore],
      useFactory: (mesh: Mesh, store: ArtifactStore) => new RewardState(mesh, store),
    },
  ],
})
export class RewardModule {}
