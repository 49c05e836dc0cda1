export { LocalSpanExporter, type LocalStoreOptions, readTrace, recentTraces } from './local-span-store.js';
export { attributes, metricNames, schemaUrl } from './signal-names.js';
export type { SpanRecord } from './span-record.js';
export { meter, startTelemetry, type Telemetry, type TelemetryOptions } from './start.js';
export { currentTraceId, currentTraceparent, failSpan, inTrace, startHttpSpan, traced } from './traced.js';
export { untraced } from './untraced.js';
