export { type Health, openHealth } from './health.js';
export { type Log, makeLog, nestLog } from './log.js';
export { LOG, type Platform, PlatformModule, SETTINGS } from './platform.module.js';
export { Readiness } from './readiness.js';
export { exitCodes, runService } from './run-service.js';
export { type PlatformSettings, platformSettings, readSettings, sourcesOfProcess, variableOf } from './settings.js';
export { type RunningService, type ServiceOptions, startService } from './start-service.js';
