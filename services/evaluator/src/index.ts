export { EvaluatorModule } from './evaluator.module.js';
export { evaluatorSettings } from './settings.js';
