import { z } from 'zod';
import { modelName } from '../fields.js';
import { modelGet } from '../registry/model.get.js';
import { modelList } from '../registry/model.list.js';
import { modelRegister } from '../registry/model.register.js';
import { adapterState } from '../registry/model.js';
import { modelCheck } from '../serving/model.check.js';
import { route } from './route.js';
import { wantedModel } from './shapes.js';

export const modelObject = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int(),
    owned_by: z.string(),
    /** For an alias the model that it stands for, else the id. */
    root: z.string(),
    /** The base model of an adapter. */
    parent: z.string().nullable(),
    hone: z.object({
      kind: z.enum(['base', 'adapter', 'alias']),
      state: adapterState.nullable(),
      manifest: z.string().nullable(),
      fingerprint: z.string().nullable(),
      alias: z.string().nullable(),
      job: z.string().nullable(),
    }),
  })
  .meta({ id: 'Model' });
export type ModelObject = z.output<typeof modelObject>;

const gibibyte = 1024 ** 3;

export const listModels = route({
  operationId: 'listModels',
  method: 'GET',
  path: '/v1/models',
  summary: 'Every base model, adapter and alias.',
  reply: z.object({ object: z.literal('list'), data: z.array(modelObject) }),
  calls: [modelList],
});

export const retrieveModel = route({
  operationId: 'retrieveModel',
  method: 'GET',
  path: '/v1/models/{model}',
  summary: 'One model, adapter or alias.',
  params: z.strictObject({ model: wantedModel }),
  reply: modelObject,
  errors: ['model_not_found'],
  calls: [modelGet],
});

export const importModel = route({
  operationId: 'importModel',
  method: 'POST',
  path: '/v1/models',
  summary:
    'Imports a base model: the files of a Hugging Face folder (config.json, safetensors, tokenizer.json ...) as parts named ' +
    '`file` whose filename is the path inside the folder, or one GGUF file. Weights are accepted as safetensors (plain, ' +
    'bitsandbytes, GPTQ, AWQ) or GGUF only.',
  bodyKind: 'multipart',
  body: z.strictObject({ name: modelName, file: z.array(z.string().meta({ format: 'binary' })).min(1) }),
  reply: modelObject,
  errors: ['invalid_request', 'conflict', 'too_large'],
  calls: [modelCheck, modelRegister],
  limits: { bodyBytesMax: 512 * gibibyte },
});
