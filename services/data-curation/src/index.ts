export { DataCurationModule } from './data-curation.module.js';
export { curationSettings } from './settings.js';
