// Our side of a contender: `serve(cases)` answers requests {case, ...parameters} read as JSON lines from standard input.
// A case prepares itself for the parameters once (weights packed, memory warm) and is then run as often as it is asked:
//   cases = { linear: async ({ rows }) => ({ call: () => ..., detail: {...}, free: () => ... }) }
// The answer is {"seconds": mean seconds of a call, "detail": ...} over `calls` calls (default: about 0.2 s of them).
import { createInterface } from 'node:readline';

export async function serve(cases) {
  let current;
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const { case: name, calls, ...parameters } = JSON.parse(line);
      const key = JSON.stringify([name, parameters]);
      if (current?.key !== key) {
        await current?.prepared.free?.();
        current = undefined;
        if (!Object.hasOwn(cases, name))
          throw new Error(`expected one of ${Object.keys(cases).join(', ')} but received ${name}`);
        const prepared = await cases[name](parameters);
        const first = await seconds(prepared.call, 1);
        // The first call warms up; the second tells how many fill a sample.
        const once = first > 0.5 ? first : await seconds(prepared.call, 1);
        current = { key, prepared, calls: Math.max(1, Math.min(1000, Math.round(0.2 / once))) };
      }
      const taken = await seconds(current.prepared.call, calls ?? current.calls);
      answer({ seconds: taken, detail: current.prepared.detail ?? {} });
    } catch (error) {
      answer({ error: String(error.message ?? error) });
    }
  }
  await current?.prepared.free?.();
}

async function seconds(call, calls) {
  const began = performance.now();
  for (let index = 0; index < calls; index++) {
    const pending = call();
    if (pending instanceof Promise) await pending;
  }
  return (performance.now() - began) / 1000 / calls;
}

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
