import { z } from 'zod';
import { digest, exampleDigest, id, modelName, name } from '../fields.js';
import { event } from '../form.js';

/** A preference pair in the object store: `{prompt: messages, chosen: text, rejected?: text}`. */
export const pairMade = event({
  name: 'pair.made',
  owner: 'reward',
  readers: ['data-curation'],
  summary: 'A vote became a scored pair: what should be said, and how far the serving model is from saying it.',
  input: z.looseObject({
    feedback: id,
    turn: id,
    pair: digest,
    base: modelName,
    model: modelName,
    alias: name.optional(),
    rating: z.enum(['up', 'down']),
    /** Mean log-probability per token (nats) of the chosen answer under the model that served the turn. */
    chosenLogProb: z.number(),
    rejectedLogProb: z.number().optional(),
    /** chosenLogProb - rejectedLogProb: negative when the model prefers the answer that was voted down. */
    margin: z.number().optional(),
  }),
  example: {
    feedback: 'fb-01',
    turn: 'chatcmpl-01',
    pair: exampleDigest,
    base: 'hone-tiny',
    model: 'hone-tiny',
    rating: 'down',
    chosenLogProb: -3,
    rejectedLogProb: -0.5,
    margin: -2.5,
  },
  counterExample: { feedback: 'fb-01', pair: exampleDigest },
});
