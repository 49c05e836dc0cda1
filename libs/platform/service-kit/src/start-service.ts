import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ArtifactStore, openStore } from '@hone/artifacts';
import type { ServiceName } from '@hone/contracts';
import { connectMesh, type Mesh, MeshStrategy } from '@hone/mesh';
import { startTelemetry } from '@hone/telemetry';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { openHealth } from './health.js';
import { traceHttp } from './http-tracing.js';
import { type Log, makeLog, nestLog } from './log.js';
import { PlatformModule } from './platform.module.js';
import { Readiness } from './readiness.js';
import { type PlatformSettings, readSettings, sourcesOfProcess } from './settings.js';

export interface ServiceOptions<S extends Record<string, z.ZodType>> {
  name: ServiceName;
  module: Type;
  /** The service's own settings; `batchMax` of serving is read from HONE_SERVING_BATCH_MAX and from `serving:` in the file. */
  settings?: z.ZodObject<S>;
  /** For a service that also speaks HTTP: where it listens, what the adapter is made with, what is registered before. */
  http?: {
    listen(settings: PlatformSettings & z.output<z.ZodObject<S>>): { port: number; host: string };
    adapter?: ConstructorParameters<typeof FastifyAdapter>[0];
    configure?(app: NestFastifyApplication): Promise<void> | void;
  };
  environment?: Record<string, string | undefined>;
  log?: Log;
}

export interface RunningService {
  app: INestApplicationContext;
  mesh: Mesh;
  /** The port of the health endpoint, 0 when it is off. */
  healthPort: number;
  waitingFor(): string[];
  /** Not ready, no new work, running work ends or aborts, hooks run, last words are sent, connections close. */
  stop(): Promise<void>;
}

/** Starts a service and returns when it listens; the process itself (signals, exit codes) is `runService`'s. */
export async function startService<S extends Record<string, z.ZodType>>(
  options: ServiceOptions<S>,
): Promise<RunningService> {
  const own = options.settings ?? (z.object({}) as unknown as z.ZodObject<S>);
  const environment = options.environment ?? process.env;
  const settings = readSettings(options.name, own, sourcesOfProcess(environment));
  const log = options.log ?? makeLog(options.name, settings.logLevel);
  const endpoint = environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const telemetry = await startTelemetry({
    service: options.name,
    ...(settings.localTraces ? { tracesDirectory: join(resolve(settings.home), 'traces') } : {}),
    ...(endpoint ? { otlpEndpoint: endpoint } : {}),
    metricsPort: settings.metricsPort,
    metricsHost: settings.metricsHost,
  });
  const readiness = new Readiness();
  const connected = readiness.hold(`NATS at ${settings.natsUrl}`);
  const link: { mesh?: Mesh } = {};
  const waitingFor = (): string[] => [...readiness.waitingFor(), ...(link.mesh?.waitingFor() ?? [])];
  const health =
    settings.healthPort === 0
      ? undefined
      : await openHealth(settings.healthHost, settings.healthPort, options.name, {
          waitingFor,
          facts: () => readiness.facts,
        });
  const mesh = (link.mesh = await connect(options.name, settings, log));
  connected();
  const store = await openObjects(settings);
  const starting = readiness.hold('the start of the service');
  const app = await makeApp(options, settings, log, mesh, store, readiness);
  starting();
  log.info({ store: store.name, waitingFor: waitingFor() }, `${options.name} listens`);
  const stop = once(async () => {
    readiness.stop();
    log.info({}, `${options.name} is stopping`);
    await mesh.quiesce(settings.drainMs);
    await app.close();
    await mesh.close(0);
    await store.close();
    await health?.close();
    await telemetry.stop();
  });
  return { app, mesh, healthPort: health?.port ?? 0, waitingFor, stop };
}

async function connect(service: ServiceName, settings: PlatformSettings, log: Log): Promise<Mesh> {
  const patience = setInterval(() => log.info({ waitingFor: settings.natsUrl }, 'waiting for NATS'), 3000);
  try {
    const seed = settings.natsSeedFile === undefined ? undefined : readFileSync(settings.natsSeedFile, 'utf8').trim();
    return await connectMesh({
      service,
      url: settings.natsUrl,
      log,
      ...(seed === undefined ? {} : { nkeySeed: seed }),
    });
  } finally {
    clearInterval(patience);
  }
}

const openObjects = ({ store, home, s3AccessKeyId, s3SecretAccessKey }: PlatformSettings): Promise<ArtifactStore> =>
  openStore(store ?? `directory:${join(resolve(home), 'objects')}`, {
    ...(s3AccessKeyId && s3SecretAccessKey ? { accessKeyId: s3AccessKeyId, secretAccessKey: s3SecretAccessKey } : {}),
  });

async function makeApp<S extends Record<string, z.ZodType>>(
  { module, http }: ServiceOptions<S>,
  settings: PlatformSettings & z.output<z.ZodObject<S>>,
  log: Log,
  mesh: Mesh,
  store: ArtifactStore,
  readiness: Readiness,
): Promise<INestApplicationContext> {
  const platform = PlatformModule.of({ mesh, store, readiness, settings, log });
  const root = { module: class ServiceRoot {}, imports: [platform, module] };
  const strategy = new MeshStrategy(mesh, settings.drainMs);
  if (http === undefined) {
    const app = await NestFactory.createMicroservice(root, { strategy, logger: nestLog(log), abortOnError: false });
    await app.listen();
    return app;
  }
  // Loaded only here: most services speak no HTTP, and it is a fifth of the start-up.
  const { FastifyAdapter: Adapter } = await import('@nestjs/platform-fastify');
  const adapter = new Adapter(http.adapter);
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: nestLog(log),
    abortOnError: false,
  });
  traceHttp(app);
  await http.configure?.(app);
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  const { port, host } = http.listen(settings);
  await app.listen(port, host);
  return app;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
