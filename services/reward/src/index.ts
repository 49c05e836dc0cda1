export { RewardModule } from './reward.module.js';
