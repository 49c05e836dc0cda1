import { z } from 'zod';
import { event } from '../form.js';
import { evaluationEntry } from './evaluation.js';

export const evaluationFinished = event({
  name: 'evaluation.finished',
  owner: 'evaluator',
  readers: ['registry'],
  summary: 'A verdict was reached, or the evaluation failed.',
  input: z.looseObject({ evaluation: evaluationEntry }),
  example: {
    evaluation: { id: 'eval-01', status: 'succeeded', candidate: 'hone-tiny', createdAt: 1, verdict: 'better' },
  },
  counterExample: { evaluation: { id: 'eval-01' } },
});
