import Table from 'cli-table3';

/** Whether colours and moving lines make sense: a terminal, and nobody asked for plain text. */
export const isTerminal = (): boolean => process.stderr.isTTY === true;
export const hasColour = (): boolean =>
  process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

const paint =
  (code: number) =>
  (text: string): string =>
    hasColour() ? `\u001b[${code}m${text}\u001b[0m` : text;
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);

/** Talk goes to stderr, so that stdout is data alone. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);
export const give = (text: string): void => void process.stdout.write(`${text}\n`);

/** A line that is written over on a terminal and left out elsewhere. */
export function progress(text: string): void {
  if (isTerminal()) process.stderr.write(`\r\u001b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}
export const endProgress = (): void => progress('');

/** One JSON value on one line, or the text for people. */
export function show(isJson: boolean, value: unknown, text: () => string): void {
  give(isJson ? JSON.stringify(value) : text());
}

export function table(head: string[], rows: (string | number)[][]): string {
  const made = new Table({ head, style: hasColour() ? { head: ['bold'] } : { head: [], border: [] } });
  made.push(...rows);
  return made.toString();
}

export const shortInterval = ({ value, low, high }: { value: number; low: number; high: number }): string =>
  `${round(value)} [${round(low)}, ${round(high)}]`;

export const round = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3).replace(/\.?0+$/, '');
