import { runService } from '@hone/service-kit';
import { EvaluatorModule } from './evaluator.module.js';
import { evaluatorSettings } from './settings.js';

await runService({ name: 'evaluator', module: EvaluatorModule, settings: evaluatorSettings });
