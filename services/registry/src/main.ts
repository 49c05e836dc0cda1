import { runService } from '@hone/service-kit';
import { RegistryModule } from './registry.module.js';

await runService({ name: 'registry', module: RegistryModule });
