export { collect, type Collection, reachable } from './collect.js';
export type { Draft, Driver, Opened, Stat } from './driver.js';
export { DirectoryDriver } from './drivers/directory.js';
export { MemoryDriver } from './drivers/memory.js';
export type { S3Settings } from './drivers/s3.js';
export { type ArtifactFile, digestOfFile, materialize, putFile } from './materialize.js';
export { openStore, type StoreCredentials } from './open-store.js';
export { ArtifactStore, type Listed, manifestBytesMax, type Source, type Stored } from './store.js';
