import { mapTexts, type Row } from './row.js';

export type PersonalKind = 'email' | 'card' | 'iban' | 'phone' | 'ip';

export interface Finding {
  kind: PersonalKind;
  start: number;
  end: number;
}

interface Detector {
  kind: PersonalKind;
  pattern: RegExp;
  isReal: (match: string) => boolean;
}

const digits = (text: string): string => text.replace(/\D/g, '');

/** In order of certainty: what an earlier detector took, a later one leaves. */
const detectors: readonly Detector[] = [
  {
    kind: 'email',
    pattern: /[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/gu,
    isReal: () => true,
  },
  { kind: 'iban', pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/gi, isReal: isIban },
  { kind: 'card', pattern: /(?<![\d.-])\d(?:[ -]?\d){11,18}(?![\d-])/g, isReal: (match) => passesLuhn(digits(match)) },
  {
    kind: 'ip',
    pattern: /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/g,
    isReal: (match) => match.split('.').every((part) => Number(part) <= 255),
  },
  {
    kind: 'phone',
    pattern:
      /(?<![\p{L}\d./-]|\d[ ,])(?:\+|00|\()?\(?\d(?:[ ./()-]{0,2}\d){6,14}(?:\s?(?:x|ext\.?)\s?\d{1,5})?(?![\d/]|[., -]\d)/gu,
    isReal: looksDialled,
  },
];

/** Where a text holds personal data that a pattern and a checksum can tell. Names and addresses need more than patterns. */
export function findPersonal(text: string): Finding[] {
  const found: Finding[] = [];
  for (const { kind, pattern, isReal } of detectors)
    for (const match of text.matchAll(pattern)) {
      const [start, end] = [match.index, match.index + match[0].length];
      const isFree = found.every((other) => end <= other.start || start >= other.end);
      if (isFree && isReal(match[0])) found.push({ kind, start, end });
    }
  return found.sort((a, b) => a.start - b.start);
}

/** The row with every finding replaced by its kind in brackets, and how many there were. */
export function redactRow(row: Row): { row: Row; findings: number } {
  let findings = 0;
  const redacted = mapTexts(row, (text) => {
    const found = findPersonal(text);
    findings += found.length;
    return found.reduceRight(
      (rest, { kind, start, end }) => `${rest.slice(0, start)}[${kind}]${rest.slice(end)}`,
      text,
    );
  });
  return { row: redacted, findings };
}

/** The checksum of payment cards (ISO/IEC 7812). */
function passesLuhn(number: string): boolean {
  let sum = 0;
  for (let at = 0; at < number.length; at++) {
    const digit = Number(number[number.length - 1 - at]);
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && /[1-9]/.test(number);
}

/** The checksum of bank accounts (ISO 13616): the number modulo 97 is 1. */
function isIban(match: string): boolean {
  const code = match.replace(/ /g, '');
  const moved = code.slice(4) + code.slice(0, 4);
  let rest = 0;
  for (const character of moved) {
    const value = parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/**
 * Short bare digit runs are order numbers more often than telephones: a telephone has ten digits or more, shows a prefix, or is
 * written in groups of two to five digits.
 */
function looksDialled(match: string): boolean {
  const number = match.replace(/\s?(x|ext).*$/, '');
  const count = digits(number).length;
  if (count < 7 || count > 15 || /^\d{4}-\d{2}-\d{2}/.test(number)) return false;
  if (/^(\+|00|\()/.test(number)) return true;
  if (/^\d+$/.test(number)) return count >= 10 && count <= 12;
  return /^\d{2,5}(?:[ ./-]{1,2}\(?\d{2,5}\)?)+$/.test(number) || /^1[ .-]/.test(number);
}
