import { refusal } from '@hone/base';

/** The `metadata[key]=value` parameters of OpenAI's job list; any other unknown parameter is refused. */
export function metadataFilter(query: Record<string, unknown>): { metadata?: Record<string, string> } {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(query)) {
    if (name === 'after' || name === 'limit') continue;
    const key = /^metadata\[(.{1,64})\]$/.exec(name)?.[1];
    if (key === undefined || typeof value !== 'string') throw unknown(name);
    metadata[key] = value;
  }
  return Object.keys(metadata).length === 0 ? {} : { metadata };
}

const unknown = (name: string) =>
  refusal('unknown_field', `Unrecognized request argument supplied: ${name.slice(0, 64)}.`, {
    param: name.slice(0, 64),
  });
