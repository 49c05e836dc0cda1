/** The processes of the mesh, by the name of their folder under services/. */
export const serviceNames = [
  'gateway',
  'data-curation',
  'tokenizer',
  'trainer',
  'reward',
  'evaluator',
  'registry',
  'serving',
] as const;

export type ServiceName = (typeof serviceNames)[number];

/** The word that a service's subjects carry: `hone.v1.<domain>.<kind>.<noun>.<verb>`. */
export const domainOf = {
  gateway: 'gateway',
  'data-curation': 'curation',
  tokenizer: 'tokenizer',
  trainer: 'trainer',
  reward: 'reward',
  evaluator: 'evaluator',
  registry: 'registry',
  serving: 'serving',
} as const satisfies Record<ServiceName, string>;

/** One line per service for the generated docs. */
export const serviceSummary: Record<ServiceName, string> = {
  gateway: 'The one HTTP door: OpenAI-shaped API, keys, uploads, token streams.',
  'data-curation': 'Turns files, turns and feedback into dataset versions and decides when to retrain.',
  tokenizer: 'Turns dataset versions into token shards with the vocabulary and chat template of a base model.',
  trainer: 'Runs fine-tuning jobs in an engine thread; checkpoints and resumes them.',
  reward: 'Turns votes and corrections into scored preference pairs.',
  evaluator: 'Measures a candidate against the incumbent on held-out rows and reaches a verdict.',
  registry: 'Keeps models, adapters, aliases, experiments and their lineage.',
  serving: 'Answers chats and completions with continuous batching and many adapters on one base.',
};
