import multipart from '@fastify/multipart';
import { jsonBodyBytesMax } from '@hone/contracts';
import { SETTINGS, type ServiceOptions } from '@hone/service-kit';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { GatewayModule } from './gateway.module.js';
import { guardDoor, newRequestId } from './http/door.js';
import { Keys } from './http/keys.js';
import { gatewaySettings, type GatewaySettings } from './settings.js';

/** What makes the gateway a process: the same for `main` and for tests. */
export const gatewayService: ServiceOptions<typeof gatewaySettings.shape> = {
  name: 'gateway',
  module: GatewayModule,
  settings: gatewaySettings,
  http: {
    adapter: {
      bodyLimit: jsonBodyBytesMax,
      genReqId: newRequestId,
      // A client's own id could forge lines of the log.
      requestIdHeader: false,
      // The longest parameter is a model's name.
      routerOptions: { maxParamLength: 256 },
      return503OnClosing: true,
      forceCloseConnections: 'idle',
    },
    listen: ({ port, host }) => ({ port, host }),
    configure,
  },
};

async function configure(app: NestFastifyApplication): Promise<void> {
  const settings = app.get<GatewaySettings>(SETTINGS, { strict: false });
  const { keyFile, hosts, requestsMax } = settings;
  guardDoor(app.getHttpAdapter().getInstance(), { keys: new Keys(keyFile), hosts, requestsMax });
  // The reader of a part notices the limit itself and drops what it stored.
  await app.register(multipart, { throwFileSizeLimit: false });
}
