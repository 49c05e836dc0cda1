import type OpenAI from 'openai';
import { type Connection, openai } from '../api/connection.js';
import { bold, dim, endProgress, isTerminal, progress, say } from '../show/talk.js';

/** What every step of the demo works with. */
export interface Stage {
  to: Connection;
  client: OpenAI;
  /** For looking on: questions that are repeated until something has happened stay out of the trace. */
  looking: { to: Connection; client: OpenAI };
  /** The base model's name. */
  base: string;
  alias: string;
  /** Told at the beginning of a step. */
  heading(text: string): void;
  /** What a step found out. */
  note(text: string): void;
  /** Written over on a terminal, left out elsewhere. */
  live(text: string): void;
}

export function makeStage(facts: Pick<Stage, 'to' | 'base' | 'alias'>): Stage {
  const started = performance.now();
  const clock = (): string => dim(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s `);
  const { traceparent: _traceparent, ...untraced } = facts.to;
  return {
    ...facts,
    client: openai(facts.to),
    looking: { to: untraced, client: openai(untraced) },
    heading: (text) => {
      endProgress();
      say(`${clock()} ${bold(text)}`);
    },
    note: (text) => {
      endProgress();
      say(`        ${text}`);
    },
    live: (text) => {
      if (isTerminal()) progress(`        ${text}`);
    },
  };
}
