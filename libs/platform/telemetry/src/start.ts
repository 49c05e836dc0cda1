import { context, type Meter, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { LocalSpanExporter } from './local-span-store.js';

export interface TelemetryOptions {
  service: string;
  /** Folder of the local span store; off when absent. */
  tracesDirectory?: string;
  /** Base URL of an OTLP/HTTP collector; off when absent. */
  otlpEndpoint?: string;
  /** Port of `GET /metrics` in the Prometheus format on the given host; 0 = off. */
  metricsPort?: number;
  metricsHost?: string;
}

export interface Telemetry {
  /** Sends what waits and stops; spans that end later are lost. */
  stop(): Promise<void>;
}

let isStarted = false;

/**
 * Starts OpenTelemetry once per process, before the first span. There is no loader hook and no node SDK: the mesh makes the
 * bus's spans, the service kit the HTTP spans, and `traced` the rest; patching modules costs most of a second at every start,
 * and the SDK's bundle of exporters another third. Exporters that are off are not even loaded.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  if (isStarted) return { stop: async () => {} };
  isStarted = true;
  // No detectors: they would put the command line and the host into every span.
  const resource = resourceFromAttributes({ 'service.name': options.service });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const tracers = new TracerProvider({ resource, spanProcessors: await processorsOf(options) });
  trace.setGlobalTracerProvider(tracers);
  const meters = options.metricsPort ? await startMetrics(resource, options) : undefined;
  const stop = async (): Promise<void> => {
    if (!isStarted) return;
    isStarted = false;
    await Promise.allSettled([tracers.shutdown(), meters?.shutdown()]);
  };
  return { stop };
}

async function processorsOf({ service, tracesDirectory, otlpEndpoint }: TelemetryOptions): Promise<SpanProcessor[]> {
  const processors: SpanProcessor[] = [];
  if (tracesDirectory !== undefined) {
    const exporter = new LocalSpanExporter({ directory: tracesDirectory, service });
    processors.push(new BatchSpanProcessor({ exporter, scheduledDelayMillis: 300 }));
  }
  if (otlpEndpoint !== undefined) {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
    const exporter = new OTLPTraceExporter({ url: `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces` });
    processors.push(new BatchSpanProcessor({ exporter }));
  }
  return processors;
}

async function startMetrics(resource: Resource, { metricsPort = 0, metricsHost = '127.0.0.1' }: TelemetryOptions) {
  const [{ MeterProvider }, { PrometheusExporter }] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-prometheus'),
  ]);
  const provider = new MeterProvider({
    resource,
    readers: [new PrometheusExporter({ host: metricsHost, port: metricsPort })],
  });
  metrics.setGlobalMeterProvider(provider);
  return provider;
}

/** The meter of Hone's own metrics. Make instruments when the service is built: ones made before the start record nothing. */
export const meter = (): Meter => metrics.getMeter('hone');
