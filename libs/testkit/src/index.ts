export { type Bus, type BusOptions, startBus } from './bus.js';
export { freePort } from './free-port.js';
export { type Minio, minioPath, startMinio } from './minio.js';
export { type NatsOptions, type NatsServer, natsServerPath, startNats } from './nats-server.js';
export { dataDirectory, describeWithData, referenceData, referenceNames } from './reference-data.js';
export { repositoryRoot } from './repository-root.js';
export { type SecureBus, startSecureBus } from './secure-bus.js';
export { until } from './until.js';
export * from './random-model.js';
