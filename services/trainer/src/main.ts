import 'reflect-metadata';
import { runService } from '@hone/service-kit';
import { TrainerModule } from './trainer.module.js';

await runService({ name: 'trainer', module: TrainerModule });
