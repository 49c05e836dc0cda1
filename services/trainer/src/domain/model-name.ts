/** `ft:<base>:<organisation>:<suffix>:<id>`, as the OpenAI API names fine-tuned models. */
export function fineTunedModelName(base: string, suffix: string | undefined, jobId: string): string {
  return `ft:${base}:hone:${suffix ?? ''}:${shortId(jobId)}`;
}

/** `<model>:ckpt-step-<n>`: a checkpoint is a model of its own. */
export const checkpointModelName = (model: string, step: number): string => `${model}:ckpt-step-${step}`;

/** The last eight characters of an id carry its randomness. */
const shortId = (id: string): string => id.slice(-8);
