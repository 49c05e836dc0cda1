/** Plain English paragraphs: little stories, notices of shops, weather, meals, letters, instructions. */
import { sentences } from './common.mjs';
import { facts } from './facts.mjs';
import { policies } from './topics.mjs';

/** The people of a story with their pronouns. */
const people = [
  { list: 'she', he: 'she', him: 'her', his: 'her' },
  { list: 'he', he: 'he', him: 'him', his: 'his' },
];

const withPerson = (draft, patterns) => {
  const person = draft.pick(people);
  const named = (pattern) =>
    pattern
      .replaceAll('{who}', `{${person.list}}`)
      .replaceAll('{he}', person.he)
      .replaceAll('{him}', person.him)
      .replaceAll('{his}', person.his);
  return draft.paragraph(patterns.map(named));
};

const beginnings = [
  '{who} was {a:job} in {town}.',
  '{who} lived with {his} {family} in a {size} house near the {place}.',
  'One {weather} {part} in {month} {who} went to the {place}.',
  '{who} had a {size} shop in {town} and sold {s:item} and {s:item2}.',
  '{who} needed {a:item} for the {room}.',
  'Every {day} {who} walked to the {place} with {his} {family}.',
  'Last {month} {who} moved to a new house in {town}.',
  '{who} and {his} {family} wanted to buy a {colour} {item}.',
];
const middles = [
  'The weather was {weather}, and the {place2} was full of people.',
  '{he} bought a {nice} {item} for {number} pounds.',
  '{he} [saw|found] a {colour} {item} made of {material}.',
  '{his} {family} said that the {item} was {nice}.',
  'The {item} cost {number} pounds, but {he} had only {number2}.',
  '{he} looked at the {item} for a long time.',
  'Then {he} met {a:animal} that was very {feeling}.',
  '{he} asked the [seller|owner|clerk] about the price of the {item}.',
  'The {item} stood in the {room} next to the {item2}.',
  '{he} carried the {item} home and put it in the {room}.',
  'A {job2} helped {him} to carry the {size} box.',
  '{he} ate {food} with {food2} and drank a cup of {drink}.',
  'The parcel came on {day} at {hour} in the {part}.',
  'The driver rang the bell, but nobody was at home.',
  '{he} opened the box and saw that the {item} was {trouble}.',
  '{he} wrote a message to the shop and waited for an answer.',
  '{his} {family} had bought the same {item} in {town2}.',
  '{he} forgot {his} {item2} at the {place2}.',
  'It took {number} minutes to get there [by bus|by train|on foot].',
  '{he} paid with [a card|cash|a gift card] and kept the receipt.',
];
const endings = [
  'In the end {he} was {feeling}.',
  'That {part} {he} was very {feeling} and went to bed early.',
  '{he} never forgot that day.',
  'The shop sent a new {item} within {small} days.',
  '{he} gave the {item} to {his} {family} as a present.',
  'Now the {item} is in the {room}, and everybody likes it.',
  '{he} thanked the {job2} and went home.',
  'After that {he} always bought {his} {s:item} there.',
];

function story(draft) {
  const count = 2 + Math.floor(draft.random() * 4);
  const body = Array.from({ length: count }, () => draft.pick(middles));
  return withPerson(draft, [draft.pick(beginnings), ...new Set(body), draft.pick(endings)]);
}

/** A notice with the rules of one shop; every shop has its own numbers, so no rule is worth remembering. */
function notice(draft) {
  const rules = Array.from({ length: 3 + Math.floor(draft.random() * 3) }, () => draft.pick(policies));
  const opening = draft.pick([
    '{shop} is a {nice} shop in {town} that sells {s:item}, {s:item2} and {s:item3}.',
    '{shop} sells {s:item} and {s:item2} made of {material}.',
    'These are the rules of {shop} in {town}.',
    'Welcome to {shop}.',
  ]);
  return draft.paragraph([opening, ...new Set(rules)]);
}

const days = [
  'Today it is {weather} in {town}.',
  'The {part} is {weather} and {weather2}.',
  'On {day} it will be {weather} in {town}, and on {day2} it will be {weather2}.',
  'In {month} the days are often {weather}.',
  'Take a {item} with you when it is {weather}.',
  'We stay at home and drink {drink}.',
  'The {animal} sleeps under the {item2}.',
  'The children play in the [garden|park|snow|rain].',
];
const meals = [
  'For [breakfast|lunch|dinner] we have {food} with {food2}.',
  'My {family} makes the best {food} in {town}.',
  'Cut the {food} into {small} pieces and cook it for {number} minutes.',
  'Put the {food} and the {food2} into a [pan|pot|bowl].',
  'Add some [salt|oil|water|pepper|sugar] and wait for {small} minutes.',
  'It tastes [good|sweet|sour|fresh|wonderful].',
  'Eat it while it is [hot|warm|fresh].',
  'Then drink a glass of {drink}.',
];
const steps = [
  '{verb} the {label}.',
  '[Go to|Open|Choose|Press] {label} and [press|choose|open] {verb} {label2}.',
  'Open the {page} and [press|choose] {verb} {label}.',
  '[Type|Enter] your [name|address|code|email|number|password] and press {verb}.',
  'Then [confirm|save|check|print] it.',
  'If [it|this|the page] does not work, wait for {number} minutes and try again.',
  'You [see|find] the {label} at the [top|bottom|end] of the {page}.',
  'The {label} page shows your last {number} {s:thing}.',
  'Press {verb} {label} and wait for the [message|code|link].',
];
const letters = [
  'Thank you for your order of {small} {s:item}.',
  'Your {thing} {order} was sent on {day}.',
  'We are sorry that the {item} was {trouble}.',
  'We will write to you [soon|tomorrow|next week|on {day}].',
  'The {item} will come on {day} in the {part}.',
  'Please keep the [box|label|receipt|invoice] for {number} days.',
  'Our driver will ring the bell between {hour} and {hour2}.',
  'The {item} in {colour} is in stock again.',
  'The price of the {item} is now {number} pounds.',
  'You have paid {number} pounds for the {item}.',
];

const some = (draft, list, least, most) => {
  const count = least + Math.floor(draft.random() * (most - least + 1));
  return [...new Set(Array.from({ length: count }, () => draft.pick(list)))];
};

function fact(draft) {
  const picked = some(draft, facts, 2, 4);
  return picked.map(([, sentence]) => draft.fill(`${sentence}.`)).join(' ');
}

function letter(draft) {
  const title = draft.pick(['Dear Mr {surname},', 'Dear Ms {surname},', 'Dear {she},', 'Dear {he},']);
  const end = draft.pick(['Best wishes, {shop}', 'Yours, {she} {surname2}', 'Kind regards, {he} {surname2}']);
  return `${draft.fill(title)} ${draft.paragraph(some(draft, letters, 2, 4))} ${draft.fill(end)}`;
}

/** Each kind with its share of the prose. */
const kinds = [
  [0.3, story],
  [0.2, notice],
  [0.08, (draft) => draft.paragraph(some(draft, days, 2, 4))],
  [0.08, (draft) => draft.paragraph(some(draft, meals, 2, 4))],
  [0.14, (draft) => draft.paragraph(some(draft, steps, 2, 4))],
  [0.08, letter],
  [0.18, (draft) => draft.paragraph(some(draft, sentences, 2, 5))],
  [0.1, fact],
];

export function prose(draft) {
  let place = draft.random() * kinds.reduce((sum, [share]) => sum + share, 0);
  const [, make] = kinds.find(([share]) => (place -= share) < 0) ?? kinds[0];
  return make(draft);
}
