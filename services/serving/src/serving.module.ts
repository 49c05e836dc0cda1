import { join, resolve } from 'node:path';
import { ArtifactStore } from '@hone/artifacts';
import { EnginePort } from '@hone/engine';
import { Mesh } from '@hone/mesh';
import { type Log, LOG, type PlatformSettings, Readiness, SETTINGS } from '@hone/service-kit';
import { Module } from '@nestjs/common';
import { Instruments } from './app/instruments.js';
import { ServingState } from './app/serving-state.js';
import { WeightFolders } from './app/weight-folders.js';
import { CheckController } from './edge/check.controller.js';
import { GenerationController } from './edge/generation.controller.js';
import { ScoreController } from './edge/score.controller.js';
import { ServingLife } from './serving-life.js';
import type { ServingSettings } from './settings.js';

type Settings = PlatformSettings & ServingSettings;

function startEngine(settings: Settings, instruments: Instruments, readiness: Readiness, log: Log): EnginePort {
  return new EnginePort({
    sequencesMax: settings.sequencesMax,
    stepTokensMax: settings.stepTokensMax,
    blockSize: settings.blockTokens,
    ...(settings.kvMegabytesMax !== undefined && { kvBytesMax: settings.kvMegabytesMax * 2 ** 20 }),
    adaptersMax: settings.adaptersMax,
    basesMax: settings.basesMax,
    silentMsMax: settings.silentSecondsMax * 1000,
    queue: { waitingMax: settings.waitingMax, waitingTokensMax: settings.waitingTokensMax },
    stepped: (step) => instruments.stepped(step),
    composed: ({ base, why }) => log.warn({ base, why }, 'steps are composed op by op'),
    shortened: ({ base, lengthMax, why }) =>
      log.info({ base, why }, `sequences have at most ${lengthMax} tokens, prompt and answer together`),
    chose: ({ device, why, card }) => {
      readiness.tell('device', `${card ?? 'the processor'} (${why})`);
      log.info({ device, why }, `computes on ${card ?? 'the processor'}`);
    },
  });
}

function makeState(mesh: Mesh, store: ArtifactStore, settings: Settings, readiness: Readiness, log: Log): ServingState {
  const instruments = new Instruments();
  const folder = settings.cacheFolder ?? join(settings.home, 'cache', 'models');
  const folders = new WeightFolders(store, resolve(folder), settings.weights, settings.head);
  return new ServingState({
    mesh,
    store,
    folders,
    instruments,
    settings,
    log,
    engine: startEngine(settings, instruments, readiness, log),
  });
}

@Module({
  controllers: [GenerationController, ScoreController, CheckController],
  providers: [
    { provide: ServingState, inject: [Mesh, ArtifactStore, SETTINGS, Readiness, LOG], useFactory: makeState },
    {
      provide: ServingLife,
      inject: [ServingState, Readiness],
      useFactory: (state: ServingState, readiness: Readiness) => new ServingLife(state, readiness),
    },
  ],
})
export class ServingModule {}
