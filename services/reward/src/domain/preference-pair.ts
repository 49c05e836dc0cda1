import { type ChatMessage, chatMessage } from '@hone/contracts';
import { z } from 'zod';

/** What serving stored of a turn. */
export const turnContent = z.looseObject({ messages: z.array(chatMessage).min(1), answer: z.string() });
export type TurnContent = z.output<typeof turnContent>;

/** The better answer that a person wrote. */
export const correctionText = z.looseObject({ text: z.string().min(1) });

/** A preference pair in the object store. */
export interface PreferencePair {
  messages: ChatMessage[];
  chosen: string;
  rejected?: string;
}

/**
 * What a vote teaches. Praise says that the answer was right. A correction says what should have been said instead. A bare
 * "no" names nothing better: it counts as a vote and makes no pair, and so does praise of an empty answer.
 */
export function preferencePair(
  rating: 'up' | 'down',
  { messages, answer }: TurnContent,
  correction: string | undefined,
): PreferencePair | undefined {
  if (correction !== undefined && correction.trim() !== '' && correction !== answer) {
    return { messages, chosen: correction, ...(answer === '' ? {} : { rejected: answer }) };
  }
  const isRight = rating === 'up' || correction === answer;
  return isRight && answer !== '' ? { messages, chosen: answer } : undefined;
}

/** Mean log-probability per token; the stop token counts, so there is always at least one. */
export const perToken = ({ logProb, tokens }: { logProb: number; tokens: number }): number =>
  tokens === 0 ? 0 : logProb / tokens;
