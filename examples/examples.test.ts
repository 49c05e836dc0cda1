// The example data is what the demo measures with, so its promises are tests.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { digestOfBytes } from '@hone/base';
import { Curation, EvaluationQuestions, type Row } from '@hone/data';
import { ChatTemplate, Tokenizer, readTokenizerFolder, renderForTraining, type ChatMessage } from '@hone/text';
// Plain scripts without types: they run before anything is built.
// @ts-expect-error -- no declarations
import { documents, plainText } from './hone-tiny/corpus.mjs';
// @ts-expect-error -- no declarations
import { tokenizerFiles } from './hone-tiny/tokenizer.mjs';
// @ts-expect-error -- no declarations
import { files, intents } from './support-desk/make.mjs';

type ChatLine = { messages: { role: string; content: string }[] };
type Document = { text?: string; messages?: { content: string }[] };
const desk = (name: string): string => readFileSync(new URL(`support-desk/${name}`, import.meta.url), 'utf8');
const lines = <T>(name: string): T[] =>
  desk(name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
const answersOf = (rows: ChatLine[]): Set<string> =>
  new Set(
    rows.flatMap(({ messages }) => messages.filter(({ role }) => role === 'assistant').map(({ content }) => content)),
  );

describe('support-desk', () => {
  const [train, heldout] = [lines<ChatLine>('train.jsonl'), lines<ChatLine>('heldout.jsonl')];
  const corrections = lines<{ prompt: string; correction: string }>('corrections.jsonl');

  it('is what its script writes', () => {
    for (const [name, rows] of Object.entries(files() as Record<string, unknown[]>))
      expect(desk(name)).toBe(rows.map((row) => JSON.stringify(row) + '\n').join(''));
  });

  it('has at least 600 rows, all of which curation takes, apart from the held-out ones and redacted', async () => {
    const evaluation = new EvaluationQuestions();
    for (const row of heldout) evaluation.add(row as Row);
    const curation = new Curation({ seed: 0, validationFraction: 0.1, evaluation });
    let rows = 0;
    for await (const _ of curation.file([Buffer.from(desk('train.jsonl'))])) rows++;
    expect(curation.report.refusals).toEqual([]);
    expect(rows).toBeGreaterThanOrEqual(600);
    expect(curation.report.redactions).toBe(6);
  });

  it('asks about topics that only the corrections know in about one held-out row of seven', () => {
    const known = answersOf(train);
    const unknown = heldout.filter((row) => ![...answersOf([row])].every((answer) => known.has(answer)));
    expect(unknown.length / heldout.length).toBeCloseTo(0.15, 1);
    const corrected = new Set(corrections.map(({ correction }) => correction));
    expect([...answersOf(unknown)].every((answer) => corrected.has(answer))).toBe(true);
    const asked = new Set(heldout.flatMap(({ messages }) => messages.map(({ content }) => content.toLowerCase())));
    expect(corrections.filter(({ prompt }) => asked.has(prompt.toLowerCase()))).toEqual([]);
  });

  it('fits the base model in 60 tokens a row', async () => {
    const folder = await readTokenizerFolder(new URL('hone-tiny', import.meta.url).pathname);
    const tokenizer = new Tokenizer(folder);
    const template = ChatTemplate.fromFiles(folder) as ChatTemplate;
    const lengths = train.map(
      ({ messages }) => renderForTraining(template, tokenizer, messages as ChatMessage[]).ids.length,
    );
    expect(lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toBeLessThan(60);
  });
});

describe('hone-tiny', () => {
  it('has never seen an answer of the support desk or a held-out question', () => {
    const { known, later } = intents as Record<'known' | 'later', { answer: string }[]>;
    const sentences = (text: string): string[] => text.split(/\n|(?<=[.?!]) /);
    const secret = new Set([...known, ...later].flatMap(({ answer }) => sentences(answer)));
    for (const { messages } of lines<ChatLine>('heldout.jsonl'))
      for (const { role, content } of messages) if (role === 'user') secret.add(content);
    const told = [...(documents(20_000) as Iterable<Document>)].flatMap((doc) => sentences(plainText(doc) as string));
    expect(told.filter((sentence) => secret.has(sentence))).toEqual([]);
  });

  it('is the files that its recipe names, in at most 8 MB', () => {
    const { digests } = JSON.parse(readFileSync(new URL('hone-tiny/RECIPE.json', import.meta.url), 'utf8')) as {
      digests: Record<string, string>;
    };
    const sizes = Object.entries(digests).map(([name, digest]) => {
      const bytes = readFileSync(new URL(`hone-tiny/${name}`, import.meta.url));
      expect({ name, digest: digestOfBytes(bytes) }).toEqual({ name, digest });
      return bytes.length;
    });
    expect(Object.keys(digests)).toContain('model.safetensors');
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8e6);
  });

  it('has the tokenizer that its script makes', () => {
    for (const [name, value] of Object.entries(tokenizerFiles() as Record<string, unknown>))
      expect(JSON.parse(readFileSync(new URL(`hone-tiny/${name}`, import.meta.url), 'utf8'))).toEqual(value);
  });
});
