import { HoneError } from '@hone/base';
import {
  type ChatMessage,
  completionForTraining,
  textForTraining,
  type Tokenizer,
  type TrainingTokens,
} from '@hone/text';
import type { DropReason } from './dropped-rows.js';

/** A row as it lies in a chunk of a dataset version; what it is, is seen from its fields. */
export interface DatasetRow {
  messages?: ChatMessage[];
  tools?: unknown[];
  chosen?: string;
  prompt?: string;
  completion?: string;
  text?: string;
}

/** Renders a conversation and finds its answers; the sandbox of the text library, or a test's own. */
export type RenderChat = (
  messages: readonly ChatMessage[],
  tools: readonly unknown[] | undefined,
) => Promise<TrainingTokens>;

export type RowResult = TrainingTokens | { dropped: DropReason; reason: string };

/** The tokens of a row with its loss mask, or why it gives none. Rows over the context are left out whole, never cut: the end
 * of a row is its answer. */
export async function rowTokens(
  row: DatasetRow,
  tokenizer: Tokenizer,
  render: RenderChat,
  lengthMax: number,
): Promise<RowResult> {
  let tokens: TrainingTokens;
  try {
    tokens = await tokensOf(row, tokenizer, render);
  } catch (thrown) {
    if (!(thrown instanceof HoneError) || thrown.kind !== 'refusal') throw thrown;
    return { dropped: 'template_refused', reason: thrown.message };
  }
  if (tokens.ids.length > lengthMax) {
    return { dropped: 'too_long', reason: `expected at most ${lengthMax} tokens but received ${tokens.ids.length}` };
  }
  if (!tokens.mask.includes(1))
    return { dropped: 'all_masked', reason: 'expected a token to learn but all are masked' };
  return tokens;
}

function tokensOf(row: DatasetRow, tokenizer: Tokenizer, render: RenderChat): Promise<TrainingTokens> | TrainingTokens {
  const { messages, tools, chosen, prompt, completion, text } = row;
  if (messages && chosen !== undefined) return render([...messages, { role: 'assistant', content: chosen }], tools);
  if (messages) return render(messages, tools);
  if (prompt !== undefined && completion !== undefined) return completionForTraining(tokenizer, prompt, completion);
  return textForTraining(tokenizer, text ?? '');
}
