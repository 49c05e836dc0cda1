import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Curation, EvaluationQuestions, readLines, type CuratedRow, type CurateOptions } from './index.js';

const chat = (question: string, answer = 'it takes three days') =>
  JSON.stringify({
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
  });
const bytes = (...lines: string[]) => [new TextEncoder().encode(lines.join('\n') + '\n')];

async function curate(lines: string[], options: Partial<CurateOptions> = {}) {
  const curation = new Curation({ seed: 1, validationFraction: 0.2, ...options });
  const rows: CuratedRow[] = [];
  for await (const row of curation.file(bytes(...lines))) rows.push(row);
  return { rows, report: curation.report, refused: curation.refused };
}

describe('reading lines', () => {
  it('gives the same lines however the bytes are cut', async () => {
    const text = 'first\r\n\nthird é 漢\n  \nfifth';
    const whole = new TextEncoder().encode(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 6 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const parts = places.slice(1).map((end, at) => whole.slice(places[at], end));
        const lines = [];
        for await (const line of readLines(parts)) lines.push(line);
        expect(lines).toEqual([
          { line: 1, text: 'first' },
          { line: 3, text: 'third é 漢' },
          { line: 5, text: 'fifth' },
        ]);
      }),
    );
  });

  it('refuses a long line and bytes that are no text, and goes on behind them', async () => {
    const parts = [
      Buffer.from('x'.repeat(50)),
      Buffer.from('x'.repeat(60) + '\nok\n'),
      Buffer.from([0xff, 0xfe, 0x0a]),
    ];
    const lines = [];
    for await (const line of readLines(parts, { lineBytesMax: 100 })) lines.push(line);
    expect(lines).toMatchObject([
      { line: 1, code: 'line_too_long' },
      { line: 2, text: 'ok' },
      { line: 3, code: 'not_utf8' },
    ]);
  });
});

describe('curation', () => {
  it('keeps good rows and names the line of each bad one', async () => {
    const { rows, report, refused } = await curate([
      chat('how long?'),
      'not json',
      chat('how much?'),
      '{"messages": []}',
    ]);
    expect(rows.map(({ origin }) => origin.line)).toEqual([1, 3]);
    expect(report.refusals).toMatchObject([
      { line: 2, code: 'not_json' },
      { line: 4, code: 'empty' },
    ]);
    expect([report.lines, refused]).toEqual([4, 2]);
  });

  it('takes a row once, even when only its spelling of white space and accents differs', async () => {
    const { rows, report } = await curate([chat('cafe\u0301 open?'), chat('  caf\u00e9 open?\u200b')]);
    expect(rows).toHaveLength(1);
    expect(report.duplicates).toBe(1);
  });

  it('drops rows that ask what an evaluation asks', async () => {
    const evaluation = new EvaluationQuestions();
    evaluation.add({ messages: [{ role: 'user', content: 'How long does a refund take?' }] });
    const { rows, report } = await curate([chat('how long does a REFUND take'), chat('How long does delivery take?')], {
      evaluation,
    });
    expect(rows).toHaveLength(1);
    expect(report.refusals).toMatchObject([{ line: 1, code: 'evaluation_overlap' }]);
  });

  it('puts a row on the same side whatever stands around it', async () => {
    const lines = Array.from({ length: 200 }, (_, n) =>
      chat(`question number ${n} about thing ${n * 7}`, `answer ${n * 13} for number ${n}`),
    );
    const sideOf = ({ rows }: { rows: CuratedRow[] }) =>
      new Map(rows.map(({ row, split }) => [JSON.stringify(row), split]));
    const all = sideOf(await curate(lines));
    for (const [row, split] of sideOf(await curate(lines.filter((_, n) => n % 3 === 0))))
      expect(all.get(row)).toBe(split);
    const share = [...all.values()].filter((split) => split === 'validation').length / all.size;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.3);
  });

  it('keeps near duplicates on one side of the split', async () => {
    const text = (n: number) => Array.from({ length: 60 }, (_, word) => `word${(word * (n + 3)) % 97}`).join(' ');
    const lines = Array.from({ length: 120 }, (_, n) => chat(text(Math.floor(n / 2)) + (n % 2 ? ' indeed' : '')));
    const { rows, report } = await curate(lines, { validationFraction: 0.5, nearDuplicateJaccard: 0.8 });
    expect(report.nearDuplicates).toBeGreaterThanOrEqual(55);
    for (let n = 0; n < rows.length; n += 2) expect(rows[n]?.split).toBe(rows[n + 1]?.split);
    expect(
      (await curate(lines, { dropNearDuplicates: true, nearDuplicateJaccard: 0.8 })).rows.length,
    ).toBeLessThanOrEqual(65);
  });

  it('redacts before anything is stored', async () => {
    const { rows, report } = await curate([chat('My email is jo@mail.example, card 4111 1111 1111 1111')]);
    expect(JSON.stringify(rows)).toContain('My email is [email], card [card]');
    expect(report.redactions).toBe(2);
  });

  it('counts every refusal and keeps the first thousand', async () => {
    const { report, refused } = await curate(Array.from({ length: 1500 }, () => 'x'));
    expect([refused, report.refusals.length]).toEqual([1500, 1000]);
  });
});
