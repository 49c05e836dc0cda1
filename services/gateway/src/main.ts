import 'reflect-metadata';
import { runService } from '@hone/service-kit';
import { gatewayService } from './gateway.js';

await runService(gatewayService);
