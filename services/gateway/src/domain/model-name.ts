import { refusal } from '@hone/base';
import { modelName } from '@hone/contracts';

/** A text that cannot be a model's name names no model: 404, as for any other unknown one. */
export function knownModelName(text: string): string {
  if (modelName.safeParse(text).success) return text;
  const shown = text.slice(0, 80);
  throw refusal('model_not_found', `The model '${shown}' does not exist; fix: see GET /v1/models.`, {
    param: 'model',
    status: 404,
  });
}
