import type { ChatMessage, FeedbackEntry } from '@hone/contracts';
import { chatMessage } from '@hone/contracts';
import { z } from 'zod';

/** A preference pair as the reward service stores it. */
export const pairContent = z.looseObject({
  messages: z.array(chatMessage).min(1),
  chosen: z.string().min(1),
  rejected: z.string().optional(),
});
export type PairContent = z.output<typeof pairContent>;

export interface FeedbackRow {
  messages: ChatMessage[];
  origin: { kind: 'feedback'; feedback: string; turn: string; rating: 'up' | 'down' };
}

/** The row that teaches what a pair says: the conversation with the chosen answer. */
export const feedbackRow = ({ id, turn, rating }: FeedbackEntry, { messages, chosen }: PairContent): FeedbackRow => ({
  messages: [...messages, { role: 'assistant', content: chosen }],
  origin: { kind: 'feedback', feedback: id, turn, rating },
});
