export * from './answer-match.js';
export * from './compare.js';
export * from './estimate.js';
export * from './measure.js';
export * from './perplexity.js';
