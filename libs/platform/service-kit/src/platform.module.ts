import { ArtifactStore } from '@hone/artifacts';
import { Mesh } from '@hone/mesh';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Log } from './log.js';
import { Readiness } from './readiness.js';

/** `@Inject(SETTINGS) settings: PlatformSettings & MySettings`. */
export const SETTINGS = Symbol('hone.settings');
/** `@Inject(LOG) log: Log`. */
export const LOG = Symbol('hone.log');

export interface Platform {
  mesh: Mesh;
  store: ArtifactStore;
  readiness: Readiness;
  settings: object;
  log: Log;
}

/** The mesh, the object store, the settings, the log and the readiness, for every module of a service. */
@Global()
@Module({})
export class PlatformModule {
  static of({ mesh, store, readiness, settings, log }: Platform): DynamicModule {
    const providers = [
      { provide: Mesh, useValue: mesh },
      { provide: ArtifactStore, useValue: store },
      { provide: Readiness, useValue: readiness },
      { provide: SETTINGS, useValue: settings },
      { provide: LOG, useValue: log },
    ];
    return { module: PlatformModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
