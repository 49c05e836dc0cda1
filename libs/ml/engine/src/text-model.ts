import type { CausalModel } from '@hone/models';
import type { Tokenizer } from '@hone/text';

/** A model with its words. */
export interface TextModel {
  model: CausalModel;
  tokenizer: Tokenizer;
}
