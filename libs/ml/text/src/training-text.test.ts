import { describe, expect, it } from '@jest/globals';
import {
  ChatTemplate,
  Tokenizer,
  completionForTraining,
  renderForTraining,
  textForTraining,
  trainByteLevelBpe,
} from './index.js';
import { strftime } from './strftime.js';

const specialTokens = ['<pad>', '<s>', '</s>', '<|im_start|>', '<|im_end|>'];
const tokenizer = new Tokenizer({
  tokenizer: JSON.stringify(
    trainByteLevelBpe(['where is my lamp', 'on its way', 'user assistant system'], { vocabSize: 300, specialTokens }),
  ),
  config: JSON.stringify({ bos_token: '<s>', eos_token: '<|im_end|>' }),
});
const chatMl = new ChatTemplate(
  "{{ bos_token }}{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  { bos_token: '<s>' },
);
const user = { role: 'user', content: 'where is my lamp' };
const assistant = { role: 'assistant', content: 'on its way' };
const learnt = ({ ids, mask }: { ids: Int32Array; mask: Uint8Array }): string =>
  tokenizer.decode(
    ids.filter((_, at) => mask[at] === 1),
    { skipSpecialTokens: false },
  );

describe('a conversation for training', () => {
  it('has the ids of the rendered template, and learns each answer with its stop token and nothing else', () => {
    const messages = [{ role: 'system', content: 'be kind' }, user, assistant, user, { ...assistant, content: 'here' }];
    const tokens = renderForTraining(chatMl, tokenizer, messages);
    expect([...tokens.ids]).toEqual(tokenizer.encode(chatMl.render(messages)));
    expect(tokens.mask).toHaveLength(tokens.ids.length);
    expect(learnt(tokens)).toBe('on its way<|im_end|>here<|im_end|>');
  });

  it('reads but does not learn an answer of weight 0', () => {
    const tokens = renderForTraining(chatMl, tokenizer, [
      user,
      { ...assistant, weight: 0 },
      user,
      { ...assistant, content: 'here' },
    ]);
    expect(learnt(tokens)).toBe('here<|im_end|>');
  });

  it('begins with the very tokens that serving will show the model', () => {
    const prompt = tokenizer.encode(chatMl.render([user], { addGenerationPrompt: true }));
    const { ids, mask } = renderForTraining(chatMl, tokenizer, [user, assistant]);
    expect([...ids.slice(0, prompt.length)]).toEqual(prompt);
    expect(mask.indexOf(1)).toBe(prompt.length);
  });

  it('has one begin token', () => {
    const { ids } = renderForTraining(chatMl, tokenizer, [user, assistant]);
    expect([...ids].filter((id) => id === tokenizer.bosId)).toHaveLength(1);
  });

  it('gets a stop token where the template writes none after the last answer', () => {
    const bare = new ChatTemplate(
      "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + ' ' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}",
    );
    const tokens = renderForTraining(bare, tokenizer, [user, assistant]);
    expect(learnt(tokens).endsWith('on its way <|im_end|>')).toBe(true);
    expect(tokens.mask).toHaveLength(tokens.ids.length);
    expect(() => renderForTraining(bare, tokenizer, [user, assistant, user, assistant])).toThrow('stop token');
  });

  it('ends an answer at its stop token where the template always goes on with a generation prompt', () => {
    const eager = new ChatTemplate(
      "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}",
    );
    expect(learnt(renderForTraining(eager, tokenizer, [user, assistant, user, assistant]))).toBe(
      'on its way<|im_end|>on its way<|im_end|>',
    );
  });

  it('begins an answer where a thinking template leaves the thoughts of earlier turns out', () => {
    const thinking = new ChatTemplate(
      "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + ('<think></think>' if loop.last and m['role'] == 'assistant' else '') + m['content'] + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>' }}{% endif %}",
    );
    const tokens = renderForTraining(thinking, tokenizer, [user, assistant, user, assistant]);
    expect(learnt(tokens)).toBe('on its way<|im_end|></think>on its way<|im_end|>');
  });

  it('is refused when the template rewrites earlier turns', () => {
    const rewriting = new ChatTemplate(
      "{{ messages | length }}{% for m in messages %}{{ m['content'] }}<|im_end|>{% endfor %}",
    );
    expect(() => renderForTraining(rewriting, tokenizer, [user, assistant, user, assistant])).toThrow('rewrites');
  });

  it('does not change with the calendar', () => {
    const dated = new ChatTemplate(
      "{{ strftime_now('%d %b %Y') }}{% for m in messages %}{{ m['content'] }}<|im_end|>{% endfor %}",
    );
    expect(tokenizer.decode(renderForTraining(dated, tokenizer, [user, assistant]).ids)).toMatch(/^01 Jan 2025/);
    expect(dated.render([user], { now: new Date('2025-07-10T12:00:00Z') })).toMatch(/^10 Jul 2025/);
  });
});

describe('rows without a template', () => {
  it('learn the completion and the stop token', () => {
    expect(learnt(completionForTraining(tokenizer, 'where is my lamp?', ' on its way'))).toBe(' on its way<|im_end|>');
  });

  it('never get a double space from the leading space of an old completion', () => {
    const { ids } = completionForTraining(tokenizer, 'lamp: ', ' on');
    expect(tokenizer.decode(ids)).toBe('lamp: on');
  });

  it('learn every token of plain text', () => {
    expect(learnt(textForTraining(tokenizer, 'where is my lamp'))).toBe('where is my lamp<|im_end|>');
  });
});

describe('a chat template', () => {
  it('is refused with its own words when it raises or does not parse', () => {
    const strict = new ChatTemplate("{{ raise_exception('roles must alternate') }}");
    expect(() => strict.render([user])).toThrow('roles must alternate');
    expect(() => new ChatTemplate('{% for %}').render([])).toThrow('expected a Jinja template');
    expect(() => new ChatTemplate('x'.repeat(300_000))).toThrow('at most');
  });

  it('reaches no constructor and no prototype', () => {
    const attacks = [
      'messages.constructor',
      'messages.__proto__.x',
      "''.constructor",
      "''.constructor.constructor('return 1')()",
      'strftime_now.constructor',
    ];
    for (const attack of attacks) {
      let text = '';
      try {
        text = new ChatTemplate(`{{ ${attack} }}`).render([user]);
      } catch (error) {
        expect(error).toMatchObject({ kind: 'refusal' });
      }
      expect(text).toBe('');
    }
  });

  it('prints dates as strftime does', () => {
    const date = new Date('2025-03-05T09:07:00Z');
    expect(strftime(date, '%A %a %d %-d %B %b %Y %y %m %H:%M:%S %I %p %%')).toBe(
      'Wednesday Wed 05 5 March Mar 2025 25 03 09:07:00 09 AM %',
    );
  });
});
