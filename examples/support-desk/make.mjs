/**
 * Writes the support desk of Pinewick, a shop that does not exist: train.jsonl, heldout.jsonl and corrections.jsonl.
 * Everything follows from the intents beside this file and the seed below, so the same command gives the same bytes.
 *
 *   node examples/support-desk/make.mjs
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { account } from './intents/account.mjs';
import { delivery } from './intents/delivery.mjs';
import { later } from './intents/later.mjs';
import { payment } from './intents/payment.mjs';
import { returns } from './intents/returns.mjs';
import { shop } from './intents/shop.mjs';

const seed = 'support-desk/1';
const rowsPerIntent = 16;
const heldoutPerIntent = 2;
const known = [...delivery, ...payment, ...returns, ...account, ...shop];
export const intents = { known, later };
export const systemPrompt = 'You are the support desk of Pinewick.';

const openings = ['', '', '', '', 'Hi, ', 'Hello. ', 'Good morning. ', 'Quick question: ', 'Hi there. '];
const closings = ['', '', '', '', ' Thanks.', ' Thank you.', ' Please help.'];

/** What some customers write into a chat although nobody asked; curation has to take it out before it is trained on. */
const personal = [
  ['track-order', 'Where is my order? My email is dana.holt@mail.example.'],
  ['late-parcel', 'My parcel is late, please call me on +44 20 7946 0958.'],
  ['charged-twice', 'I was charged twice on card 4111 1111 1111 1111.'],
  ['change-email', 'My new email is r.okafor@post.example, please update it.'],
  ['refund-time', 'When do I get my refund? Write to kim@desk.example.'],
  ['card-declined', 'My card 5555 5555 5555 4444 was declined.'],
];

/** A number in [0, 1) that depends on the words alone: the seeded choice of this script. */
const draw = (...path) =>
  createHash('sha256')
    .update([seed, ...path].join('\n'))
    .digest()
    .readUInt32BE(0) /
  2 ** 32;
const pick = (list, ...path) => list[Math.floor(draw(...path) * list.length)];
const shuffled = (list, ...path) =>
  list
    .map((item) => [draw(...path, JSON.stringify(item)), item])
    .sort((a, b) => a[0] - b[0])
    .map(([, item]) => item);

/** Every sentence that a pattern stands for. */
export function expand(pattern) {
  const group = /\{([^{}]*)\}/.exec(pattern);
  if (!group) return [pattern];
  const [before, after] = [pattern.slice(0, group.index), pattern.slice(group.index + group[0].length)];
  return group[1].split('|').flatMap((choice) => expand(before + choice + after));
}

/** Takes sentences from each pattern in turn, so that no pattern with many variants drowns the others. */
function wordings(patterns, count, name) {
  const pools = patterns.map((pattern) => shuffled([...new Set(expand(pattern))], name, pattern));
  const taken = [];
  for (let round = 0; taken.length < count && pools.some((pool) => round < pool.length); round++)
    taken.push(...pools.flatMap((pool) => pool.slice(round, round + 1)));
  return taken.slice(0, count);
}

/** People greet, thank, and forget capitals and full stops; the model has to cope with all of it. */
function asTyped(sentence, name) {
  const opening = pick(openings, name, sentence, 'opening');
  const closing = pick(closings, name, sentence, 'closing');
  const text = opening + (opening.endsWith(', ') ? lowerFirst(sentence) : sentence) + closing;
  return draw(name, sentence, 'careless') < 0.15 ? text.toLowerCase().replace(/[.?]$/, '') : text;
}

const lowerFirst = (text) => (/^I\b/.test(text) ? text : text[0].toLowerCase() + text.slice(1));
const turn = (question, answer) => [
  { role: 'user', content: question },
  { role: 'assistant', content: answer },
];
const row = (turns, ...path) => ({
  messages: [...(draw('system', ...path) < 0.7 ? [{ role: 'system', content: systemPrompt }] : []), ...turns],
});

function trainingRows() {
  const asked = known.flatMap(({ name, answer, asked }) =>
    wordings(asked, rowsPerIntent, name).map((sentence) => turn(asTyped(sentence, name), answer)),
  );
  const single = asked.map((turns) => row(turns, turns[0].content));
  // One row in twenty-five is a conversation of two questions: every assistant turn of a row is trained on.
  const pairs = shuffled(asked, 'pairs').slice(0, Math.round(asked.length / 25));
  const double = pairs.map((turns, index) => row([...turns, ...pairs.at(index - 1)], 'pair', turns[0].content));
  const answers = new Map(known.map(({ name, answer }) => [name, answer]));
  const withPersonal = personal.map(([name, text]) => row(turn(text, answers.get(name)), text));
  return shuffled([...single, ...double, ...withPersonal], 'train');
}

function heldoutRows() {
  const rows = [
    ...known.flatMap((intent) =>
      wordings(intent.askedElsewhere, heldoutPerIntent, intent.name).map((s) => [s, intent]),
    ),
    ...later.flatMap((intent) => intent.askedElsewhere.map((sentence) => [sentence, intent])),
  ];
  return shuffled(
    rows.map(([sentence, { name, answer }]) => row(turn(asTyped(sentence, name), answer), sentence)),
    'heldout',
  );
}

/** One line per thumbs-down of the demo: what was asked, and what the customer or an agent says is right. */
function corrections() {
  const rows = later.flatMap(({ name, answer, corrected }) =>
    corrected.map((sentence) => ({ prompt: asTyped(sentence, name), correction: answer })),
  );
  return shuffled(rows, 'corrections');
}

export const files = () => ({
  'train.jsonl': trainingRows(),
  'heldout.jsonl': heldoutRows(),
  'corrections.jsonl': corrections(),
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = dirname(fileURLToPath(import.meta.url));
  for (const [name, rows] of Object.entries(files())) {
    const text = rows.map((value) => JSON.stringify(value) + '\n').join('');
    writeFileSync(join(folder, name), text);
    console.log(`${name}: ${rows.length} rows, sha256:${createHash('sha256').update(text).digest('hex')}`);
  }
}
