const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const two = (value: number): string => String(value).padStart(2, '0');

/** The strftime fields that chat templates use, in UTC, so that a template gives the same text on every machine. */
const fields: Record<string, (date: Date) => string> = {
  Y: (date) => String(date.getUTCFullYear()),
  y: (date) => two(date.getUTCFullYear() % 100),
  m: (date) => two(date.getUTCMonth() + 1),
  d: (date) => two(date.getUTCDate()),
  e: (date) => String(date.getUTCDate()).padStart(2, ' '),
  B: (date) => months[date.getUTCMonth()] as string,
  b: (date) => (months[date.getUTCMonth()] as string).slice(0, 3),
  A: (date) => weekdays[date.getUTCDay()] as string,
  a: (date) => (weekdays[date.getUTCDay()] as string).slice(0, 3),
  H: (date) => two(date.getUTCHours()),
  I: (date) => two(date.getUTCHours() % 12 || 12),
  M: (date) => two(date.getUTCMinutes()),
  S: (date) => two(date.getUTCSeconds()),
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  '%': () => '%',
};

export const strftime = (date: Date, format: string): string =>
  format.replace(/%(-?)([a-zA-Z%])/g, (whole, unpadded: string, field: string) => {
    const text = fields[field]?.(date);
    if (text === undefined) return whole;
    return unpadded ? text.replace(/^[0 ](?=.)/, '') : text;
  });
