import { z } from 'zod';
import { errorBody, modelName } from '../fields.js';
import { rpc } from '../form.js';
import { memoryPlan, servingLoad, trainingLoad } from './plan.js';

export const planMake = rpc({
  name: 'plan.make',
  owner: 'trainer',
  callers: ['gateway'],
  summary:
    'What training or serving a model takes of memory, before it starts. A run that fits in no way is answered with `error`, not refused.',
  input: z
    .looseObject({ model: modelName, train: trainingLoad.optional(), serve: servingLoad.optional() })
    .refine(({ train, serve }) => (train === undefined) !== (serve === undefined), 'either train or serve'),
  reply: z.looseObject({ plan: memoryPlan.optional(), error: errorBody.optional() }),
  // The headers of a large model's weights come through the object store once.
  timeoutMs: 600_000,
  example: { model: 'hone-tiny', train: { method: 'lora', arguments: { r: 8 }, rowTokens: 256 } },
  counterExample: { model: 'hone-tiny' },
});
