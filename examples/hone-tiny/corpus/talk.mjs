/** Conversations: a helper that is polite, short, honest about what it does not know, and reads what it was told. */
import { facts } from './facts.mjs';
import { topics } from './topics.mjs';

const user = (content) => ({ role: 'user', content });
const assistant = (content) => ({ role: 'assistant', content });
const system = (content) => ({ role: 'system', content });

const openings = [
  '',
  '',
  '',
  'Hello.',
  'Hi.',
  'Hi there.',
  'Good morning.',
  'Good evening.',
  'Hey.',
  'Quick question.',
  'Excuse me.',
];
const closings = ['', '', '', '', 'Thanks.', 'Thank you.', 'Please help.', 'Thanks a lot.'];
const roles = [
  'You are the support desk of {shop}.',
  'You are a helpful assistant.',
  'You answer questions for {shop}, a shop in {town}.',
  'You help the customers of {shop}.',
];

/** What a helper says who was not told the rules of the shop. */
const unknown = [
  'I do not know the rules of this shop about {label}. Please look at the help page.',
  'You asked about {label}. I am not sure, so please ask the shop.',
  'I cannot see the rules about {label}. The shop can tell you more.',
  'I am sorry, nobody has told me about {label} yet.',
  'That is a question about {label}. I would like to help, but I do not know the answer.',
];

const asked = (draft, sentence) => {
  const text = [draft.pick(openings), sentence, draft.pick(closings)].filter(Boolean).join(' ');
  return draft.chance(0.12) ? text.toLowerCase().replace(/[.?]$/, '') : text;
};

function unknownRule(draft) {
  const topic = draft.pick(topics);
  const question = asked(draft, draft.fill(draft.pick(topic.asked)));
  const answer = draft.fill(draft.pick(unknown).replace('{label}', topic.label));
  return [...(draft.chance(0.5) ? [system(draft.fill(draft.pick(roles)))] : []), user(question), assistant(answer)];
}

/** The rule stands in the system message; the helper finds it among others and repeats it. */
function givenRule(draft) {
  const topic = draft.pick(topics);
  const rule = draft.fill(draft.pick(topic.rules));
  const others = [draft.pick(topics), draft.pick(topics)]
    .filter((other) => other !== topic)
    .map((other) => draft.fill(draft.pick(other.rules)));
  const place = Math.floor(draft.random() * (others.length + 1));
  const told = [...others.slice(0, place), rule, ...others.slice(place)];
  const question = asked(draft, draft.fill(draft.pick(topic.asked)));
  return [system([draft.fill(draft.pick(roles)), ...told].join(' ')), user(question), assistant(rule)];
}

/** A rule of some shop, asked and answered at once: how support answers read. */
function anyRule(draft) {
  const topic = draft.pick(topics);
  const question = asked(draft, draft.fill(draft.pick(topic.asked)));
  const rules = [...new Set([draft.pick(topic.rules), draft.pick(topic.rules)])];
  const role = system(draft.fill('You are the support desk of {shop}.'));
  return [role, user(question), assistant(draft.paragraph(rules))];
}

function meaning(draft) {
  const [thing, sentence] = draft.pick(facts);
  const article =
    /^(cotton|wool|leather|glass|tax|interest|postage|furniture|rain|snow|wind|fog|tea|coffee|honey|bread|soup|cheese|butter|winter|summer|spring|autumn|assembly|express delivery)$/.test(
      thing,
    )
      ? thing
      : /^[aeiou]/.test(thing)
        ? `an ${thing}`
        : `a ${thing}`;
  const question = draft.pick([
    `What is ${article}?`,
    `Can you tell me what ${article} is?`,
    `What does ${thing} mean?`,
    `Tell me about ${article}.`,
  ]);
  return [user(asked(draft, question)), assistant(draft.fill(`${sentence}.`))];
}

const chats = [
  ['Hello.', 'Hello. How can I help you?'],
  ['Hi, how are you?', 'I am well, thank you. What can I do for you?'],
  ['Good morning.', 'Good morning. How can I help you today?'],
  ['Thank you.', 'You are welcome.'],
  ['Goodbye.', 'Goodbye, and have a nice {part}.'],
  ['What is the weather like in {town}?', 'It is {weather} and {weather2} in {town}.'],
  ['Do you like {food}?', 'I cannot eat, but many people like {food} with {food2}.'],
  ['What can I cook with {food} and {food2}?', 'You can make a {nice} soup with {food} and {food2}.'],
  ['What should I drink with {food}?', 'A cup of {drink} goes well with {food}.'],
  ['I am {feeling}.', 'I understand that you are {feeling}. Would you like to tell me more?'],
  ['My {animal} is {feeling}.', 'Give your {animal} some food and water, and it will feel better.'],
  ['I need {a:item} for the {room}.', 'A {nice} {item} of {material} would suit the {room}.'],
  ['Which colour is best for the {room}?', '{c:colour} is a {nice} colour for the {room}.'],
  ['What goes well with a {colour} {item}?', 'A {colour2} {item2} goes well with a {colour} {item}.'],
  ['My name is {she}.', 'Hello {she}, it is nice to meet you.'],
  ['My name is {he} and I live in {town}.', 'Hello {he}, {town} is a {nice} place.'],
  ['My {item} is {trouble}.', 'I am sorry that your {item} is {trouble}. Please tell me your order number.'],
  ['My order number is {order}.', 'Thank you. I will look at order {order}.'],
  ['I bought {a:item} and {a:item2}.', 'I hope that you like the {item} and the {item2}.'],
  ['Can you help me?', 'Yes, of course. What do you need?'],
  ['Where can I buy {a:item}?', 'You can buy {a:item} in a shop in {town} or on the internet.'],
  ['Please write a short message to my {family}.', 'Dear {family}, I hope that you are {feeling}. See you on {day}.'],
  ['What day comes after Monday?', 'Tuesday comes after Monday.'],
  ['How do I open the {label} page?', 'Go to the {page} and press {label}.'],
  ['Where do I find {label}?', 'You find {label} on the {page}. Press {verb} {label}.'],
];

function chat(draft) {
  const turns = 1 + Math.floor(draft.random() * 2.4);
  const messages = draft.chance(0.3) ? [system(draft.fill(draft.pick(roles)))] : [];
  for (let turn = 0; turn < turns; turn++) {
    const [question, answer] = draft.pick(chats);
    messages.push(user(draft.fill(question)), assistant(draft.fill(answer)));
    draft.kept.clear();
  }
  return messages;
}

const kinds = [
  [0.3, unknownRule],
  [0.28, givenRule],
  [0.14, anyRule],
  [0.1, meaning],
  [0.18, chat],
];

export function talk(draft) {
  let place = draft.random() * kinds.reduce((sum, [share]) => sum + share, 0);
  const [, make] = kinds.find(([share]) => (place -= share) < 0) ?? kinds[0];
  return make(draft);
}
