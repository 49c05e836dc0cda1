/**
 * A pattern language for sentences: `[a|b]` chooses, `{item}` takes a word from the list of that name and keeps it, so that a
 * later `{item}` in the same document is the same word; `{item2}` is another one. `{a:item}` puts the article before it,
 * `{s:item}` makes it plural, `{c:item}` gives it a capital letter.
 */
import { words } from './words.mjs';

/** One document's choices: a random source and the words it has settled on. */
export class Draft {
  constructor(random) {
    this.random = random;
    this.kept = new Map();
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  chance(probability) {
    return this.random() < probability;
  }

  word(slot) {
    const kept = this.kept.get(slot);
    if (kept !== undefined) return kept;
    const list = words[slot.replace(/\d+$/, '')];
    if (!list) throw new Error(`[grammar] no list of words is called ${slot}`);
    const taken = new Set(this.kept.values());
    let word = this.pick(list);
    for (let attempt = 0; taken.has(word) && attempt < 8; attempt++) word = this.pick(list);
    this.kept.set(slot, word);
    return word;
  }

  /** The sentence that a pattern becomes in this document. */
  fill(pattern) {
    let text = pattern;
    for (let group = /\[([^[\]]*)\]/.exec(text); group; group = /\[([^[\]]*)\]/.exec(text))
      text = text.slice(0, group.index) + this.pick(group[1].split('|')) + text.slice(group.index + group[0].length);
    text = text.replace(/\{(?:([asc]):)?(\w+)\}/g, (_, form, slot) => shape[form ?? 'plain'](this.word(slot)));
    return capitalised(text.replace(/ +/g, ' ').trim());
  }

  /** Several patterns, one after the other, as one paragraph. */
  paragraph(patterns) {
    return patterns.map((pattern) => this.fill(pattern)).join(' ');
  }
}

const shape = {
  plain: (word) => word,
  a: (word) => (/^[aeiou]/i.test(word) ? `an ${word}` : `a ${word}`),
  s: (word) => plural(word),
  c: (word) => word.replace(/(^| )[a-z]/g, (letter) => letter.toUpperCase()),
};

function plural(word) {
  if (/(s|x|ch|sh)$/.test(word)) return `${word}es`;
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  if (/(shelf|knife|leaf)$/.test(word)) return `${word.replace(/fe?$/, '')}ves`;
  return `${word}s`;
}

const capitalised = (text) => text.replace(/(^|[.!?] )([a-z])/g, (_, before, letter) => before + letter.toUpperCase());
