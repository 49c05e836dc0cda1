/**
 * The text that hone-tiny learns from: English sentences about shops, orders, weather and food, as plain prose and as
 * conversations, made from seeded grammars. It is never written to disk; the same seed gives the same documents.
 *
 *   node examples/hone-tiny/corpus.mjs 10     prints ten documents
 */
import { fileURLToPath } from 'node:url';
import { seeded } from '@hone/base';
import { Draft } from './corpus/grammar.mjs';
import { prose } from './corpus/prose.mjs';
import { talk } from './corpus/talk.mjs';

export const seed = 20261122;

/** A document is either `{text}` or `{messages}`. Document `index` depends on nothing but the seed and its index. */
export function document(index) {
  const draft = new Draft(seeded(seed, 'document', index));
  return draft.chance(0.3) ? { text: prose(draft) } : { messages: talk(draft) };
}

export function* documents(count) {
  for (let index = 0; index < count; index++) yield document(index);
}

/** All words of a document, for training the tokenizer. */
export const plainText = (doc) => doc.text ?? doc.messages.map(({ content }) => content).join('\n');

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const doc of documents(Number(process.argv[2] ?? 10))) console.log(JSON.stringify(doc));
