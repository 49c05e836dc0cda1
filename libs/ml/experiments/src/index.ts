export * from './assign.js';
export * from './proportions.js';
export * from './summarise.js';
