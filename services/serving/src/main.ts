import { runService } from '@hone/service-kit';
import { ServingModule } from './serving.module.js';
import { servingSettings } from './settings.js';

await runService({ name: 'serving', module: ServingModule, settings: servingSettings });
