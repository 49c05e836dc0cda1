import { z } from 'zod';
import { id, modelName } from '../fields.js';
import { rpc } from '../form.js';
import { exportEntry, exportFormat, exportType } from './export.js';

export const exportCreate = rpc({
  name: 'export.create',
  owner: 'trainer',
  callers: ['gateway'],
  summary: 'Queues the export of a model; the same id twice is one export.',
  input: z.looseObject({ id, model: modelName, format: exportFormat, type: exportType.optional() }),
  reply: exportEntry,
  example: { id: 'export-01', model: 'hone-tiny', format: 'gguf', type: 'q8_0' },
  counterExample: { id: 'export-01', model: 'hone-tiny', format: 'onnx' },
});
