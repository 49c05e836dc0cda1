export { ServingModule } from './serving.module.js';
export { servingSettings } from './settings.js';
