import { ArtifactStore } from '@hone/artifacts';
import { Mesh } from '@hone/mesh';
import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { TokenizerState } from './app/tokenizer-state.js';
import { DatasetController } from './edge/dataset.controller.js';

@Module({
  controllers: [DatasetController],
  providers: [
    {
      provide: TokenizerState,
      inject: [Mesh, ArtifactStore],
      useFactory: (mesh: Mesh, store: ArtifactStore) => new TokenizerState(mesh, store),
    },
  ],
})
export class TokenizerModule implements OnApplicationShutdown {
  constructor(private readonly state: TokenizerState) {}

  onApplicationShutdown(): Promise<void> {
    return this.state.close();
  }
}
