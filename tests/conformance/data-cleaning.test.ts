// Curation against data with known answers: planted near duplicates and planted personal data.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { NearDuplicateIndex, findPersonal, signatureOf, type PersonalKind } from '@hone/data';
import { describeData, readJsonFile } from './data-root.js';

describeData('near duplicates', 'near-duplicates', (path) => {
  it('finds every true pair and no other', () => {
    const articles = readFileSync(join(path, 'articles_100.train'), 'utf8').split('\n').filter(Boolean);
    const truth = readFileSync(join(path, 'articles_100.truth'), 'utf8').split('\n').filter(Boolean);
    const index = new NearDuplicateIndex(0.8);
    const names: string[] = [];
    const pairs: string[] = [];
    for (const article of articles) {
      const [name = '', ...rest] = article.split(' ');
      const signature = signatureOf(rest.join(' '));
      const like = index.find(signature);
      if (like !== undefined) pairs.push([names[like], name].sort().join(' '));
      index.add(signature);
      names.push(name);
    }
    expect(pairs.sort()).toEqual(truth.map((line) => line.trim().split(/\s+/).sort().join(' ')).sort());
  });
});

interface PlantedText {
  full_text: string;
  spans: { entity_type: string; start_position: number; end_position: number }[];
}

/** What a pattern with a checksum can be held to; names and places need more than patterns. */
const kinds: Readonly<Record<string, { kind: PersonalKind; recallMin: number }>> = {
  EMAIL_ADDRESS: { kind: 'email', recallMin: 0.99 },
  CREDIT_CARD: { kind: 'card', recallMin: 0.95 },
  IBAN_CODE: { kind: 'iban', recallMin: 0.95 },
  IP_ADDRESS: { kind: 'ip', recallMin: 0.95 },
  PHONE_NUMBER: { kind: 'phone', recallMin: 0.9 },
};

describeData('personal data', 'pii-presidio', (path) => {
  const file = 'synth_dataset_v2-first500.json';
  if (!existsSync(join(path, file))) return void it.skip(`needs ${file}`, () => undefined);
  const texts = readJsonFile<PlantedText[]>(path, file);

  it.each(Object.entries(kinds))('%s is redacted', (entity, { recallMin }) => {
    const missed: string[] = [];
    let planted = 0;
    for (const { full_text: text, spans } of texts) {
      const found = findPersonal(text);
      for (const { start_position: start, end_position: end } of spans.filter(
        ({ entity_type }) => entity_type === entity,
      )) {
        planted++;
        // Redacted means that nothing of it but punctuation stays, whatever the finding is called.
        const rest = [...text.slice(start, end)].filter(
          (_, at) => !found.some((one) => one.start <= start + at && start + at < one.end),
        );
        if (/[\p{L}\p{N}]/u.test(rest.join(''))) missed.push(text.slice(start, end));
      }
    }
    const recall = planted === 0 ? 1 : 1 - missed.length / planted;
    expect({ entity, isEnough: recall >= recallMin, missed: recall >= recallMin ? [] : missed }).toEqual({
      entity,
      isEnough: true,
      missed: [],
    });
  });
});
