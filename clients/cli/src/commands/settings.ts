import { InvalidArgumentError } from 'commander';

/** `name=value`, where the value is JSON if it reads as JSON. */
export function collect(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('name=value');
  const raw = text.slice(at + 1);
  try {
    return { ...before, [text.slice(0, at)]: JSON.parse(raw) as unknown };
  } catch {
    return { ...before, [text.slice(0, at)]: raw };
  }
}
