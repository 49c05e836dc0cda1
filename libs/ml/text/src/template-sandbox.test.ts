// The worker's process needs compiled files, so these tests run the built package.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ChatTemplate, templateLimits, TemplateSandbox } from '../dist/index.js';

const sandbox = new TemplateSandbox();
afterAll(() => sandbox.close());

const user = { role: 'user', content: 'hello' };
const good = new ChatTemplate("{% for m in messages %}{{ bos_token + m['content'] }}{% endfor %}", {
  bos_token: '<s>',
});

const endless = [
  '{% for i in range(100000000) %}{% endfor %}',
  '{% for i in range(100000) %}{% for j in range(100000) %}{{ i * j }}{% endfor %}{% endfor %}',
];
const swelling =
  "{% set ns = namespace(x='0123456789abcdef') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}";

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

/** A process that has ended but was not reaped yet runs no longer. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('the template sandbox', () => {
  it('renders what the thread would render', async () => {
    expect(await sandbox.render(good, [user])).toBe(good.render([user]));
  });

  it.each([...endless, swelling])('refuses %s and serves the next caller', async (source) => {
    await expect(sandbox.render(new ChatTemplate(source), [user])).rejects.toMatchObject({ kind: 'refusal' });
    expect(await sandbox.render(good, [user])).toBe('<s>hello');
  });

  it('names the template that it refuses', async () => {
    const template = new ChatTemplate(endless[0] as string);
    await expect(sandbox.render(template, [user])).rejects.toMatchObject({
      code: 'template_timeout',
      message: expect.stringContaining(template.digest.slice(0, 19)) as unknown,
      details: { template: template.digest },
    });
  });

  it('refuses what cannot be read, and what takes too long to read, without the calling thread', async () => {
    await expect(sandbox.check(new ChatTemplate('{% for %}'))).rejects.toMatchObject({ code: 'template_invalid' });
    const spaces = new ChatTemplate(' '.repeat(templateLimits.sourceChars));
    await expect(sandbox.check(spaces)).rejects.toMatchObject({ code: 'template_timeout' });
    await sandbox.check(good);
  });

  it('leaves the calling thread free while a template runs', async () => {
    let beats = 0;
    const heart = setInterval(() => beats++, 10);
    await expect(sandbox.render(new ChatTemplate(endless[0] as string), [user])).rejects.toThrow('still running');
    clearInterval(heart);
    expect(beats).toBeGreaterThan(3);
  });

  it('carries the words of a template that raises', async () => {
    const raising = new ChatTemplate("{{ raise_exception('no tools here') }}");
    await expect(sandbox.render(raising, [user])).rejects.toThrow('no tools here');
  });

  it('ends with its service, however that ends and whatever it renders', async () => {
    const program = `
      import { ChatTemplate, TemplateSandbox } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
      const sandbox = new TemplateSandbox({ renderMsMax: 600_000 });
      await sandbox.render(new ChatTemplate('ready'), []);
      void sandbox.render(new ChatTemplate(${JSON.stringify(endless[0])}), []);
      console.log('rendering');
      setInterval(() => undefined, 1000);`;
    const service = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(service.stdout, 'data');
    const [worker] = childrenOf(service.pid as number);
    expect(isRunning(worker as number)).toBe(true);
    service.kill('SIGKILL');
    await once(service, 'exit');
    while (isRunning(worker as number)) await setTimeout(50);
  });

  it('answers callers that ask at once', async () => {
    const texts = await Promise.all(
      Array.from({ length: 20 }, (_, n) => sandbox.render(good, [{ ...user, content: `${n}` }])),
    );
    expect(texts).toEqual(Array.from({ length: 20 }, (_, n) => `<s>${n}`));
  });
});
