import type { EvaluationObject } from '@hone/contracts';
import { bold, give, round, shortInterval, table } from '../show/talk.js';
import type { HoneJob } from '../api/follow-job.js';
import type { Background } from './background-chats.js';
import type { Crowd } from './people.js';

export interface LineageNode {
  kind: string;
  id: string;
  from: string[];
  facts: Record<string, unknown>;
}

export interface Facts {
  base: string;
  alias: string;
  first: HoneJob;
  firstVerdict: EvaluationObject;
  second: HoneJob;
  secondVerdict: EvaluationObject;
  crowd: Crowd;
  background: Background;
  lineage: { nodes: LineageNode[]; votes: string[]; datasets: string[] };
  lastAnswer: { question: string; text: string; model: string };
  rows: number;
  traceId: string;
  services: string[];
  seconds: number;
}

const measured = ({ results }: EvaluationObject, model: string) => results.find((result) => result.model === model);

/** The facts as one JSON object, the last line of stdout with --json. */
export function reportJson(facts: Facts) {
  const { base, first, firstVerdict, second, secondVerdict } = facts;
  const tuned = first.fine_tuned_model ?? '';
  const retrained = second.fine_tuned_model ?? '';
  const [a, b, c] = [measured(firstVerdict, base), measured(firstVerdict, tuned), measured(secondVerdict, retrained)];
  return {
    base_perplexity: a?.perplexity.value,
    tuned_perplexity: b?.perplexity.value,
    retrained_perplexity: c?.perplexity.value,
    base_exact_match: a?.exact_match.value,
    tuned_exact_match: b?.exact_match.value,
    retrained_exact_match: c?.exact_match.value,
    exact_match: { base: a?.exact_match.value, tuned: b?.exact_match.value, retrained: c?.exact_match.value },
    intervals: {
      base: a && { perplexity: a.perplexity, exact_match: a.exact_match },
      tuned: b && { perplexity: b.perplexity, exact_match: b.exact_match },
      retrained: c && { perplexity: c.perplexity, exact_match: c.exact_match },
    },
    base_model: base,
    fine_tuned_model: tuned,
    promoted_model: facts.lastAnswer.model,
    alias: facts.alias,
    job: first.id,
    retraining_job: second.id,
    chats: facts.crowd.asked,
    thumbs_up: facts.crowd.up,
    thumbs_down: facts.crowd.down,
    corrections: facts.crowd.corrections,
    requests_during_promotion: facts.background.asked,
    dropped_requests: facts.background.dropped,
    votes_in_lineage: facts.lineage.votes.length,
    trace_id: facts.traceId,
    services_in_trace: facts.services,
    rows: facts.rows,
    train_tokens_per_second: first.hone?.tokens_per_second ?? null,
    seconds: Number(facts.seconds.toFixed(1)),
  };
}

/** The facts for people: what was measured, where the served adapter comes from, and how to look closer. */
export function reportText(facts: Facts): void {
  const { base, first, firstVerdict, second, secondVerdict, lineage } = facts;
  const models: [string, EvaluationObject, string][] = [
    ['base', firstVerdict, base],
    ['tuned', firstVerdict, first.fine_tuned_model ?? ''],
    ['retrained on feedback', secondVerdict, second.fine_tuned_model ?? ''],
  ];
  const rows = models.map(([what, verdict, model]) => {
    const result = measured(verdict, model);
    return [
      what,
      model,
      ...(result ? [shortInterval(result.perplexity), shortInterval(result.exact_match)] : ['-', '-']),
    ];
  });
  give(table(['', 'model', 'perplexity [95 %]', 'exact match [95 %]'], rows));
  give(`${bold('question')}  ${facts.lastAnswer.question}`);
  give(`${bold('answer')}    ${facts.lastAnswer.text}  (${facts.lastAnswer.model})`);
  give(
    `${bold('chats')}     ${facts.crowd.asked} in the experiment, ${facts.background.asked} while it was retrained and promoted, ` +
      `${facts.background.dropped} dropped`,
  );
  give(`${bold('training')}  ${round(first.hone?.tokens_per_second ?? 0)} tokens per second`);
  give(bold('lineage of what is served now, newest first'));
  for (const line of lineageLines(lineage.nodes, lineage.votes.length)) give(`  ${line}`);
  give(`${bold('trace')}     ${facts.traceId} through ${facts.services.join(', ')}`);
}

export function lineageLines(nodes: readonly LineageNode[], votes: number): string[] {
  const lines = nodes
    .filter(({ kind }) => kind !== 'feedback')
    .map(({ kind, id, from }) => {
      const sources = from.filter((source) => nodes.some((node) => node.id === source && node.kind !== 'feedback'));
      return `${kind.padEnd(10)} ${shortId(id)}${sources.length === 0 ? '' : `  <- ${sources.map(shortId).join(', ')}`}`;
    });
  return votes === 0 ? lines : [...lines, `${'feedback'.padEnd(10)} ${votes} votes`];
}

const shortId = (id: string): string => (id.startsWith('sha256:') ? id.slice(0, 19) : id);
