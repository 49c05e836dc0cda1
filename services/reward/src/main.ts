import { runService } from '@hone/service-kit';
import { RewardModule } from './reward.module.js';

await runService({ name: 'reward', module: RewardModule });
