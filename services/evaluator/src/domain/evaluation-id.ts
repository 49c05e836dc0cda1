import { digestOf } from '@hone/base';

/** The id of the evaluation that a registration asks for: telling twice plans one. */
export const evaluationIdOf = (registered: { model: string; job: string }): string =>
  `eval-${digestOf({ model: registered.model, job: registered.job }).slice('sha256:'.length, 'sha256:'.length + 26)}`;
