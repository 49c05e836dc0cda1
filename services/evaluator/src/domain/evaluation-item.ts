import { type ChatMessage, messageBytesMax } from '@hone/contracts';

/** A question with the answer that a person gave: what an evaluation asks and compares. */
export type EvaluationItem = {
  messages: ChatMessage[];
  answer: string;
};

/** The last answer of a conversation that is to be learnt, with everything before it; nothing when there is none. */
export function evaluationItem(messages: readonly ChatMessage[]): EvaluationItem | undefined {
  const last = messages.findLastIndex((message) => message.role === 'assistant' && message.weight !== 0);
  const answer = messages[last]?.content;
  if (last < 1 || typeof answer !== 'string' || answer === '') return undefined;
  return { messages: messages.slice(0, last), answer };
}

/** Room for the rest of the message around the items. */
export const chunkBytesMax = messageBytesMax - 16 * 1024;
export const chunkItemsMax = 32;

export const itemBytes = (item: EvaluationItem): number => Buffer.byteLength(JSON.stringify(item));

/** The items in their order, in groups that each fit into one message. An item that fits into none is a group of its own. */
export function chunked(items: readonly EvaluationItem[]): EvaluationItem[][] {
  const chunks: EvaluationItem[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const size = itemBytes(item);
    const last = chunks.at(-1);
    if (last === undefined || last.length === chunkItemsMax || bytes + size > chunkBytesMax) {
      chunks.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return chunks;
}
