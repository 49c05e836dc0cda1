import { runService } from '@hone/service-kit';
import { DataCurationModule } from './data-curation.module.js';
import { curationSettings } from './settings.js';

await runService({ name: 'data-curation', module: DataCurationModule, settings: curationSettings });
