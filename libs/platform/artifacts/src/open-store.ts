import { refusal } from '@hone/base';
import { DirectoryDriver } from './drivers/directory.js';
import { MemoryDriver } from './drivers/memory.js';
import { ArtifactStore } from './store.js';

export interface StoreCredentials {
  accessKeyId?: string;
  secretAccessKey?: string;
}

/**
 * Opens the store that a setting names: `directory:/var/lib/hone/objects`, `memory:`, or
 * `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=us-east-1`.
 */
export async function openStore(place: string, credentials: StoreCredentials = {}): Promise<ArtifactStore> {
  if (place.startsWith('directory:') && place.length > 'directory:'.length) {
    return new ArtifactStore(new DirectoryDriver(place.slice('directory:'.length)));
  }
  if (place === 'memory:') return new ArtifactStore(new MemoryDriver());
  if (place.startsWith('s3://')) {
    const url = new URL(place);
    const endpoint = url.searchParams.get('endpoint');
    const region = url.searchParams.get('region');
    const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
    // Loaded only here: a house in a directory needs no S3 client.
    const { S3Driver } = await import('./drivers/s3.js');
    const driver = new S3Driver({
      bucket: url.hostname,
      ...(prefix ? { prefix } : {}),
      ...(endpoint ? { endpoint } : {}),
      ...(region ? { region } : {}),
      ...credentials,
    });
    await driver.ensureBucket();
    return new ArtifactStore(driver);
  }
  throw refusal(
    'invalid_setting',
    `[artifacts] expected directory:<path>, s3://<bucket>?endpoint=<url> or memory: for HONE_STORE but received "${place.replace(/:.*/, ':...')}"; fix: HONE_STORE=directory:/var/lib/hone/objects`,
    { param: 'HONE_STORE' },
  );
}
