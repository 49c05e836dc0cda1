import { type MeterProvider, metrics } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace';
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
 * Starts OpenTelemetry once per process, before the first span. There is no loader hook: the mesh makes the bus's spans, the
 * service kit the HTTP spans, and `traced` the rest, which saves most of a second of start-up against patching modules.
 */
export function startTelemetry({
  service,
  tracesDirectory,
  otlpEndpoint,
  metricsPort = 0,
  metricsHost = '127.0.0.1',
}: TelemetryOptions): Telemetry {
  if (isStarted) return { stop: async () => {} };
  isStarted = true;
  const spanProcessors: SpanProcessor[] = [];
  if (tracesDirectory !== undefined) {
    const exporter = new LocalSpanExporter({ directory: tracesDirectory, service });
    spanProcessors.push(new BatchSpanProcessor({ exporter, scheduledDelayMillis: 300 }));
  }
  if (otlpEndpoint !== undefined) {
    const exporter = new OTLPTraceExporter({ url: `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces` });
    spanProcessors.push(new BatchSpanProcessor({ exporter }));
  }
  const sdk = new NodeSDK({
    serviceName: service,
    // The detectors would put the command line and the host into every span.
    autoDetectResources: false,
    spanProcessors,
    logRecordProcessors: [],
    metricReaders: metricsPort === 0 ? [] : [new PrometheusExporter({ host: metricsHost, port: metricsPort })],
  });
  sdk.start();
  return {
    stop: async () => {
      isStarted = false;
      await sdk.shutdown();
    },
  };
}

/** The meter of Hone's own metrics; instruments made before the start work after it. */
export const meter = (): ReturnType<MeterProvider['getMeter']> => metrics.getMeter('hone');
