import { describe, expect, it } from '@jest/globals';
import { findPersonal, redactRow } from './index.js';

const redacted = (text: string): string => {
  const { row } = redactRow({ text });
  return 'text' in row ? row.text : '';
};

describe('redaction', () => {
  it.each([
    ['write to dana.holt+shop@mail.example please', 'write to [email] please'],
    ['card 4111 1111 1111 1111.', 'card [card].'],
    ['card 5555-5555-5555-4444', 'card [card]'],
    ['call +44 20 7946 0958 now', 'call [phone] now'],
    ['call (555) 123-4567', 'call [phone]'],
    ['call 0171 496 0123', 'call [phone]'],
    ['IBAN DE89 3704 0044 0532 0130 00', 'IBAN [iban]'],
    ['from 192.168.10.4', 'from [ip]'],
    ['a@b.example and c@d.example', '[email] and [email]'],
  ])('takes %s', (text, expected) => {
    expect(redacted(text)).toBe(expected);
  });

  it.each([
    'order 4417 and order 91840233 are late',
    'card 4111 1111 1111 1112 fails the checksum',
    'on 2025-11-22 at 10:30',
    'it costs 1,250.00 or 12.5 percent of 3 000',
    'version 1.2.3 and 999.1.2.3',
    'from nine to six, 24/7',
  ])('leaves %s', (text) => {
    expect(redacted(text)).toBe(text);
  });

  it('says where each finding is', () => {
    expect(findPersonal('hi a@b.example')).toEqual([{ kind: 'email', start: 3, end: 14 }]);
  });
});
