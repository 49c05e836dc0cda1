import { z } from 'zod';

const feedbackRow = z.object({
  origin: z.object({ feedback: z.string(), turn: z.string().optional(), rating: z.string().optional() }),
});

/** The vote that a line of feedback rows came from; nothing for a line that names none. */
export function voteOf(
  line: string,
): { feedback: string; turn?: string | undefined; rating?: string | undefined } | undefined {
  if (line === '') return undefined;
  try {
    return feedbackRow.safeParse(JSON.parse(line)).data?.origin;
  } catch {
    return undefined;
  }
}
