/**
 * The first object key that a JSON text names twice, or undefined. JSON.parse silently keeps the last one, so a file could
 * show one tensor to one reader and another tensor to the next. The text must already be valid JSON.
 */
export function duplicateKey(json: string): string | undefined {
  const open: (Set<string> | null)[] = [];
  let at = 0;
  while (at < json.length) {
    const char = json[at];
    if (char === '{') open.push(new Set());
    else if (char === '[') open.push(null);
    else if (char === '}' || char === ']') open.pop();
    else if (char === '"') {
      const end = stringEnd(json, at);
      const keys = open.at(-1);
      if (keys && isFollowedByColon(json, end)) {
        const key = JSON.parse(json.slice(at, end)) as string;
        if (keys.has(key)) return key;
        keys.add(key);
      }
      at = end;
      continue;
    }
    at++;
  }
  return undefined;
}

function stringEnd(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isFollowedByColon(json: string, at: number): boolean {
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at++;
  return json[at] === ':';
}
